import WireFormats

/// The discovery documents for groups, versions and kinds.
enum Discovery {
    static let version: JSON = [
        "major": "1", "minor": "36", "gitVersion": "v1.36.0-simulator", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none", "compiler": "swift", "platform": "linux/amd64",
    ]

    private static let aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

    /// - Returns: nil if the path is not a discovery path.
    ///
    /// - Parameter otherGroups: the groups of extension servers. The aggregated document does not have them, as if it was
    ///   not fresh yet.
    static func respond(
        to request: APIRequest, path: String, registry: Registry, otherGroups: [JSON]
    ) -> APIResponse? {
        let parts = path.split(separator: "/").map(String.init)
        switch (parts.first, parts.count) {
        case ("api", 1), ("apis", 1):
            let groups = registry.groups.filter { $0.isEmpty == (parts[0] == "api") }
            if wantsAggregated(request) {
                let list: JSON = [
                    "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": [:],
                    "items": .array(groups.map { aggregated($0, registry) }),
                ]
                return APIResponse(200, bytes: list.encoded(), contentType: aggregatedType)
            }
            if parts[0] == "api" {
                return APIResponse(
                    200,
                    json: ["kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []])
            }
            return APIResponse(
                200,
                json: [
                    "kind": "APIGroupList", "apiVersion": "v1",
                    "groups": .array(groups.map { group($0, registry) } + otherGroups),
                ])
        case ("api", 2): return resources("", parts[1], registry)
        case ("apis", 2):
            guard registry.groups.contains(parts[1]) else { return nil }
            var json = group(parts[1], registry)
            json.set("APIGroup", at: "kind")
            json.set("v1", at: "apiVersion")
            return APIResponse(200, json: json)
        case ("apis", 3): return resources(parts[1], parts[2], registry)
        default: return nil
        }
    }

    private static func wantsAggregated(_ request: APIRequest) -> Bool {
        request.headers["accept"]?.split(separator: ",").contains { range in
            let parts = range.split(separator: ";").map { $0.trimmingSpaces() }
            return parts.first == "application/json" && parts.contains("g=apidiscovery.k8s.io")
                && parts.contains("v=v2") && parts.contains("as=APIGroupDiscoveryList")
        } ?? false
    }

    private static func group(_ name: String, _ registry: Registry) -> JSON {
        let versions = registry.versions(of: name).map { version -> JSON in
            ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
        }
        return ["name": .string(name), "versions": .array(versions), "preferredVersion": versions.first ?? .null]
    }

    private static func resources(_ group: String, _ version: String, _ registry: Registry) -> APIResponse? {
        let types = registry.types(group: group, version: version)
        guard let first = types.first else { return nil }
        let resources = types.flatMap { type -> [JSON] in
            var resource: JSON = [
                "name": .string(type.plural), "singularName": .string(type.singular),
                "namespaced": .bool(type.isNamespaced), "kind": .string(type.kind), "verbs": strings(type.verbs),
            ]
            if !type.shortNames.isEmpty { resource.set(strings(type.shortNames), at: "shortNames") }
            if !type.categories.isEmpty { resource.set(strings(type.categories), at: "categories") }
            return [resource]
                + type.subresources.map { subresource in
                    var json: JSON = [
                        "name": .string("\(type.plural)/\(subresource.name)"), "singularName": "",
                        "namespaced": .bool(type.isNamespaced), "kind": .string(subresource.kind),
                        "verbs": strings(subresource.verbs),
                    ]
                    if let group = subresource.group { json.set(.string(group), at: "group") }
                    if let version = subresource.version { json.set(.string(version), at: "version") }
                    return json
                }
        }
        return APIResponse(
            200,
            json: [
                "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(first.groupVersion),
                "resources": .array(resources),
            ])
    }

    private static func aggregated(_ group: String, _ registry: Registry) -> JSON {
        let versions = registry.versions(of: group).map { version -> JSON in
            let resources = registry.types(group: group, version: version).map { type -> JSON in
                var resource: JSON = [
                    "resource": .string(type.plural), "responseKind": kind(type.group, type.version, type.kind),
                    "scope": type.isNamespaced ? "Namespaced" : "Cluster",
                    "singularResource": .string(type.singular), "verbs": strings(type.verbs),
                    "subresources": .array(
                        type.subresources.map { subresource in
                            [
                                "subresource": .string(subresource.name), "verbs": strings(subresource.verbs),
                                "responseKind": kind(
                                    subresource.group ?? type.group, subresource.version ?? type.version,
                                    subresource.kind),
                            ]
                        }),
                ]
                if !type.shortNames.isEmpty { resource.set(strings(type.shortNames), at: "shortNames") }
                if !type.categories.isEmpty { resource.set(strings(type.categories), at: "categories") }
                return resource
            }
            return ["version": .string(version), "freshness": "Current", "resources": .array(resources)]
        }
        var metadata: JSON = [:]
        if !group.isEmpty { metadata.set(.string(group), at: "name") }
        return ["metadata": metadata, "versions": .array(versions)]
    }

    private static func kind(_ group: String, _ version: String, _ kind: String) -> JSON {
        ["group": .string(group), "version": .string(version), "kind": .string(kind)]
    }

    private static func strings(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }
}

/// A subresource of a kind.
struct Subresource {
    let name: String
    let kind: String
    /// The group; nil for that of the resource.
    let group: String?
    let version: String?
    let verbs = ["get", "patch", "update"]
}

extension ResourceType {
    var subresources: [Subresource] {
        var list: [Subresource] = []
        if scale != nil { list.append(Subresource(name: "scale", kind: "Scale", group: "autoscaling", version: "v1")) }
        if hasStatus { list.append(Subresource(name: "status", kind: kind, group: nil, version: nil)) }
        return list
    }
}
