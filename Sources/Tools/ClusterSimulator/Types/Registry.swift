/// The kinds that the server serves.
struct Registry: Sendable {
    /// The kinds by group, version and plural.
    private var types: [String: [String: [String: ResourceType]]] = [:]
    /// The groups in the order of discovery: built-in groups first.
    private(set) var groups: [String] = []

    mutating func add(_ type: ResourceType) {
        if types[type.group] == nil { groups.append(type.group) }
        types[type.group, default: [:]][type.version, default: [:]][type.plural] = type
    }

    mutating func remove(group: String, plural: String) {
        for version in types[group]?.keys.sorted() ?? [] {
            types[group]?[version]?[plural] = nil
            if types[group]?[version]?.isEmpty == true { types[group]?[version] = nil }
        }
        if types[group]?.isEmpty == true {
            types[group] = nil
            groups.removeAll { $0 == group }
        }
    }

    func type(group: String, version: String, plural: String) -> ResourceType? {
        types[group]?[version]?[plural]
    }

    /// Returns any version of the kind, for use with stored objects.
    func type(_ resource: GroupResource) -> ResourceType? {
        guard let versions = types[resource.group] else { return nil }
        return sortedVersions(versions.keys).lazy.compactMap { versions[$0]?[resource.resource] }.first
    }

    func type(apiVersion: String, kind: String) -> ResourceType? {
        let parts = apiVersion.split(separator: "/")
        let (group, version) = parts.count == 2 ? (String(parts[0]), String(parts[1])) : ("", apiVersion)
        return types[group]?[version]?.values.first { $0.kind == kind }
    }

    /// Returns the versions of a group, the preferred one first.
    func versions(of group: String) -> [String] { sortedVersions((types[group] ?? [:]).keys) }

    func types(group: String, version: String) -> [ResourceType] {
        (types[group]?[version] ?? [:]).values.sorted { $0.plural < $1.plural }
    }

    /// One version of each kind.
    var storedTypes: [ResourceType] {
        groups.flatMap { group in
            var seen: Set<String> = []
            return versions(of: group).flatMap { types(group: group, version: $0) }
                .filter { seen.insert($0.plural).inserted && $0.strategy.storageGroup == nil }
        }
    }

    private func sortedVersions(_ versions: some Sequence<String>) -> [String] {
        versions.sorted { VersionPriority($0) > VersionPriority($1) }
    }
}

/// Kubernetes' order of API versions: `v2`, `v1`, `v1beta2`, `v1alpha1`, then all others.
private struct VersionPriority: Comparable {
    private let stability: Int
    private let major: Int
    private let minor: Int
    private let text: String

    init(_ text: String) {
        self.text = text
        let match = text.wholeMatch(of: /v([0-9]+)(?:(alpha|beta)([0-9]+))?/)
        major = match.flatMap { Int($0.1) } ?? 0
        minor = match?.3.flatMap { Int($0) } ?? 0
        stability =
            switch match?.2 {
            case .none: match == nil ? 0 : 3
            case .some("beta"): 2
            default: 1
            }
    }

    static func < (left: VersionPriority, right: VersionPriority) -> Bool {
        (left.stability, left.major, left.minor, right.text) < (right.stability, right.major, right.minor, left.text)
    }
}
