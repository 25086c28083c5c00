import KubernetesClient
import PluginHost
package import WireFormats

/// A metric's config as someone wrote it: each object with the member `valueFrom` stands for a value of a Secret.
package struct ConfigTemplate: Sendable {
    package struct Place: Sendable, Hashable {
        /// Such as `spec.metrics[0].config.auth.bearer.token`.
        package let path: String
        package let reference: SecretReference
    }

    package let json: JSON
    private let path: String
    /// Where values of Secrets go.
    package private(set) var places: [Place] = []
    /// References that are not written as they have to be.
    package private(set) var problems: [JSONPathError] = []

    /// - Parameter path: the config's own, such as `spec.metrics[0].config`.
    package init(_ json: JSON, path: String) {
        self.json = json
        self.path = path
        _ = filled(JSONReader(json, path: path)) { reference in
            do throws(JSONPathError) {
                places.append(Place(path: reference.path, reference: try SecretReference(reference)))
            } catch {
                problems.append(error)
            }
            return nil
        }
    }

    /// Whether something at that path is, or is part of, what a Secret's value goes into.
    package func isReference(_ path: String) -> Bool {
        places.contains { path == $0.path || path.hasPrefix($0.path + ".") || path.hasPrefix($0.path + "[") }
    }

    /// The config with these values in their places; a place without a value is left out.
    func filled(_ values: [SecretReference: SecretString]) -> PluginConfig {
        guard !places.isEmpty else { return PluginConfig(json) }
        let used = places.compactMap { values[$0.reference]?.revealed }
        return PluginConfig(filled { values[$0]?.revealed }, secrets: Set(used))
    }

    /// The config with what a function gives for each reference; a place without a value is left out.
    package func filled(_ value: (SecretReference) -> String?) -> JSON {
        let references = Dictionary(places.map { ($0.path, $0.reference) }) { first, _ in first }
        return filled(JSONReader(json, path: path)) { place in
            references[place.path].flatMap(value).map { .string($0) }
        } ?? [:]
    }

    /// The config where there is no Secret to read. What a plugin says of a stand-in means nothing.
    package func filledWithStandIns() -> JSON { filled { _ in "value-of-a-secret" } }

    private func filled(_ value: JSONReader, _ replace: (JSONReader) -> JSON?) -> JSON? {
        switch value.value {
        case .object(let members):
            if members[SecretReference.marker] != nil, value.path != path { return replace(value) }
            var result: [String: JSON] = [:]
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                result[name] = filled(JSONReader(member, path: "\(value.path).\(name)"), replace)
            }
            return .object(result)
        case .array(let elements):
            return .array(
                elements.enumerated().compactMap { index, element in
                    filled(JSONReader(element, path: "\(value.path)[\(index)]"), replace)
                })
        default: return value.value
        }
    }
}
