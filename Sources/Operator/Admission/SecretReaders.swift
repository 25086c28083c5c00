import KubernetesClient
import WireFormats

/// Asks the API server who may read what (SubjectAccessReview).
struct SecretReaders: Sendable {
    private static let kind = ResourceKind(
        group: "authorization.k8s.io", version: "v1", kind: "SubjectAccessReview", plural: "subjectaccessreviews",
        isNamespaced: false)

    let client: KubernetesClient

    /// - Returns: nil where that cannot be told.
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
            "apiVersion": .string(Self.kind.apiVersion), "kind": .string(Self.kind.kind), "spec": .object(spec),
        ]
        let answer = try? await client.create(Self.kind, in: "", review, deadline: AdmissionLimits.reviewTime)
        return answer?["status"]?["allowed"]?.boolValue
    }
}
