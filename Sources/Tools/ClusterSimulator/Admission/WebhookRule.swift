import WireFormats

/// The requests to which a webhook applies.
struct WebhookRule: Sendable {
    private let operations: Set<String>
    private let groups: Set<String>
    private let versions: Set<String>
    private let resources: [(resource: Substring, subresource: Substring)]
    private let scope: String

    init(_ rule: JSON) {
        func texts(_ name: String) -> [String] { rule[name]?.arrayValue?.compactMap(\.stringValue) ?? [] }
        operations = Set(texts("operations"))
        groups = Set(texts("apiGroups"))
        versions = Set(texts("apiVersions"))
        resources = texts("resources").map { text in
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            return (parts[0], parts.count > 1 ? parts[1] : "")
        }
        scope = rule.string("scope") ?? "*"
    }

    /// - Parameter version: the API version, which may differ from the request's.
    func matches(_ operation: AdmissionChange.Operation, _ call: Call, version: String) -> Bool {
        func holds(_ set: Set<String>, _ value: String) -> Bool { set.contains("*") || set.contains(value) }
        let subresource = call.info.subresource ?? ""
        return holds(operations, operation.rawValue) && holds(groups, call.type.group) && holds(versions, version)
            && resources.contains { rule in
                (rule.resource == "*" || rule.resource == call.type.plural)
                    && (rule.subresource == "*" || rule.subresource == subresource)
            }
            && (scope == "*" || (scope == "Namespaced") == call.type.isNamespaced)
    }
}
