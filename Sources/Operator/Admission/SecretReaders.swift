import KubernetesClient
import ScalerAPI
import WireFormats

/// Checks with the API server (LocalSubjectAccessReview) whether a user may read a Secret. The permission for these
/// reviews can be granted per namespace.
struct SecretReaders: Sendable {
    private static let kind = ResourceKind(
        group: "authorization.k8s.io", version: "v1", kind: "LocalSubjectAccessReview",
        plural: "localsubjectaccessreviews")

    let client: KubernetesClient

    /// - Returns: nil if that is unknown.
    func mayRead(_ secret: ObjectKey, _ user: JSON) async -> Bool? {
        var spec: [String: JSON] = [
            "resourceAttributes": [
                "namespace": .string(secret.namespace), "name": .string(secret.name), "verb": "get", "group": "",
                "version": "v1", "resource": "secrets",
            ]
        ]
        spec["user"] = user["username"]
        for field in ["groups", "uid", "extra"] { spec[field] = user[field] }
        let review: JSON = [
            "apiVersion": .string(Self.kind.apiVersion), "kind": .string(Self.kind.kind),
            "metadata": ["namespace": .string(secret.namespace)], "spec": .object(spec),
        ]
        let answer = try? await client.create(
            Self.kind, in: secret.namespace, review, deadline: AdmissionLimits.reviewTime)
        return answer?["status"]?["allowed"]?.boolValue
    }
}
