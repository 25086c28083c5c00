import HTTPTransport
import WireFormats

/// An API call, from which the HTTP request is built.
struct APICall: Sendable {
    enum Verb: String, Sendable {
        case get, list, watch, create, update, patch, delete

        var method: String {
            switch self {
            case .get, .list, .watch: "GET"
            case .create: "POST"
            case .update: "PUT"
            case .patch: "PATCH"
            case .delete: "DELETE"
            }
        }

        var isRead: Bool { method == "GET" }
    }

    var verb: Verb
    /// The resource, such as `deployments/scale`, for messages and metrics.
    var resource: String
    /// The object or namespace, for messages.
    var subject: String
    var path: String
    var query: [(name: String, value: String)] = []
    /// Further headers.
    var headers: [HTTPHeader] = []
    var body: JSON?
    var deadline: Duration = KubernetesLimits.callDeadline
    var maxBodyBytes: Int = KubernetesLimits.objectBytes
    /// The reader of the returned object.
    var reader = ObjectReader(limits: KubernetesLimits.answer)
    /// Whether to request only the object's metadata.
    var wantsMetadataOnly = false

    init(
        _ verb: Verb,
        _ kind: ResourceKind,
        namespace: String? = nil,
        name: String? = nil,
        subresource: String? = nil
    ) throws(KubernetesError) {
        self.verb = verb
        resource = subresource.map { "\(kind.plural)/\($0)" } ?? kind.plural
        subject = name.map { ObjectKey(namespace: namespace ?? "", name: $0).description } ?? namespace ?? ""
        path = kind.path(namespace: namespace, name: name, subresource: subresource)
        for segment in [namespace, name].compactMap(\.self) where segment != namespace || !segment.isEmpty {
            try Self.check(segment)
        }
    }

    /// Creates a call without an object, such as discovery.
    init(getting path: String, resource: String, subject: String) {
        verb = .get
        self.resource = resource
        self.subject = subject
        self.path = path
    }

    /// Refuses segments that change the path: URL normalization removes dots.
    static func check(_ segment: String) throws(KubernetesError) {
        guard segment.isEmpty || segment == "." || segment == ".." else { return }
        throw KubernetesError(.badRequest, "\"\(segment)\" is not a name")
    }

    var description: String {
        subject.isEmpty ? "\(verb.rawValue) \(resource)" : "\(verb.rawValue) \(resource) \(subject)"
    }

    /// The path and query below the server's address.
    var target: String {
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { "\($0.name)=\(percentEncoded($0.value))" }.joined(separator: "&")
    }

    var contentType: String { verb == .patch ? "application/merge-patch+json" : "application/json" }
}
