import KubernetesClient
import ScalerAPI
import WireFormats

/// What the author of a GeneralScaler could do without the operator if they may use the values that it refers to.
enum AuthorRight: Sendable, Hashable {
    case readSecret(ObjectKey)
    case issueToken(serviceAccount: ObjectKey)

    init(_ reference: ValueReference, namespace: String) {
        switch reference {
        case .secret(let secret): self = .readSecret(ObjectKey(namespace: namespace, name: secret.name))
        case .token(let token):
            self = .issueToken(serviceAccount: ObjectKey(namespace: namespace, name: token.serviceAccountName))
        }
    }

    fileprivate var object: ObjectKey {
        switch self {
        case .readSecret(let secret): secret
        case .issueToken(let account): account
        }
    }

    fileprivate var attributes: [String: JSON] {
        switch self {
        case .readSecret: ["verb": "get", "resource": "secrets"]
        case .issueToken: ["verb": "create", "resource": "serviceaccounts", "subresource": "token"]
        }
    }

    /// The warning for an author without the right.
    var warning: String {
        switch self {
        case .readSecret(let secret):
            "you are not allowed to read Secret \(secret.name), which a metric uses: users without access to a Secret are not "
                + "allowed to have it sent to an address of their choice"
        case .issueToken(let account):
            "you are not allowed to create tokens of ServiceAccount \(account.name), which a metric uses: users without that "
                + "right are not allowed to have a token sent to an address of their choice"
        }
    }
}

/// Checks with the API server (LocalSubjectAccessReview) what a user may do. The permission for these reviews can be granted
/// per namespace.
struct AuthorRights: Sendable {
    private static let kind = ResourceKind(
        group: "authorization.k8s.io", version: "v1", kind: "LocalSubjectAccessReview",
        plural: "localsubjectaccessreviews")

    let client: KubernetesClient

    /// - Returns: nil if that is unknown.
    func has(_ right: AuthorRight, _ user: JSON) async -> Bool? {
        let object = right.object
        let attributes: [String: JSON] = [
            "namespace": .string(object.namespace), "name": .string(object.name), "group": "", "version": "v1",
        ]
        var spec: [String: JSON] = ["resourceAttributes": .object(attributes.merging(right.attributes) { $1 })]
        spec["user"] = user["username"]
        for field in ["groups", "uid", "extra"] { spec[field] = user[field] }
        let review: JSON = [
            "apiVersion": .string(Self.kind.apiVersion), "kind": .string(Self.kind.kind),
            "metadata": ["namespace": .string(object.namespace)], "spec": .object(spec),
        ]
        let answer = try? await client.create(
            Self.kind, in: object.namespace, review, deadline: AdmissionLimits.reviewTime)
        return answer?["status"]?["allowed"]?.boolValue
    }
}
