import WireFormats

/// The objects of a migration, by what refers to them.
struct SourceObjects {
    let all: [SourceObject]

    /// Returns the object of a kind by name. Objects from files often name no namespace: that matches any.
    func find(_ kinds: Set<String>, name: String, namespace: String?) -> SourceObject? {
        let named = all.filter { kinds.contains($0.kind) && $0.name == name }
        return named.first { $0.namespace == namespace }
            ?? named.first { $0.namespace == nil || namespace == nil }
    }

    /// Returns the container of a workload from which a source takes environment variables.
    func container(of target: JSON?, namespace: String?, name: String?) -> JSON? {
        let kind = target?["kind"]?.stringValue ?? "Deployment"
        guard let target = target?["name"]?.stringValue,
            let workload = find([kind], name: target, namespace: namespace),
            let containers = workload.json["spec"]?["template"]?["spec"]?["containers"]?.arrayValue
        else { return nil }
        guard let name else { return containers.first }
        return containers.first { $0["name"]?.stringValue == name }
    }
}
