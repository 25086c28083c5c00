import Synchronization
import SystemIO
import WireFormats

extension KubernetesClient {
    /// Looks up the path of a kind and whether it can be scaled. Results are cached.
    ///
    /// - Parameter apiVersion: such as `apps/v1`.
    /// - Throws: ``KubernetesError/Kind/notFound`` if the server has no such kind.
    package func discover(apiVersion: String, kind: String) async throws(KubernetesError) -> DiscoveredResource {
        if let known = discovery.withLock({
            $0.lookup(apiVersion: apiVersion, kind: kind, now: time.wallMicroseconds())
        }) {
            return try found(known, apiVersion, kind)
        }
        let resources = try await resources(apiVersion: apiVersion)
        discovery.withLock { $0.store(apiVersion: apiVersion, resources: resources, now: time.wallMicroseconds()) }
        return try found(resources.first { $0.kind.kind == kind }, apiVersion, kind)
    }

    private func found(
        _ resource: DiscoveredResource?, _ apiVersion: String, _ kind: String
    ) throws(KubernetesError) -> DiscoveredResource {
        guard let resource else {
            throw KubernetesError(.notFound, "the API server has no kind \(kind) in \(apiVersion)")
        }
        return resource
    }

    /// Returns an empty list if the server does not have the group or version.
    private func resources(apiVersion: String) async throws(KubernetesError) -> [DiscoveredResource] {
        let parts = apiVersion.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2 else {
            throw KubernetesError(.badRequest, "\"\(apiVersion)\" is not an apiVersion such as apps/v1")
        }
        for part in parts { try APICall.check(part) }
        let path = ResourceKind.groupPath(apiVersion: apiVersion)
        let call = APICall(getting: path, resource: "discovery", subject: apiVersion)
        do throws(KubernetesError) {
            let group = parts.count == 2 ? parts[0] : ""
            return Self.resources(in: try await json(call), group: group, version: parts[parts.count - 1])
        } catch {
            guard error.kind == .notFound else { throw error }
            return []
        }
    }

    /// Reads an APIResourceList. Malformed entries are skipped, because they cannot be a target.
    static func resources(in list: JSON, group: String, version: String) -> [DiscoveredResource] {
        let entries = list["resources"]?.arrayValue ?? []
        let names = Set(entries.compactMap { $0["name"]?.stringValue })
        return entries.compactMap { entry in
            guard let name = entry["name"]?.stringValue, !name.isEmpty, !name.contains("/"),
                let kind = entry["kind"]?.stringValue
            else { return nil }
            return DiscoveredResource(
                kind: ResourceKind(
                    group: group, version: version, kind: kind, plural: name,
                    isNamespaced: entry["namespaced"]?.boolValue ?? false),
                hasScale: names.contains("\(name)/scale")
            )
        }
    }
}
