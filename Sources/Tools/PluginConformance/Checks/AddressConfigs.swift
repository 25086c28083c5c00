import PluginProtocol
import WireFormats

/// Configs in which one address field names a server of the check.
struct AddressConfigs {
    /// Such as `sentinel.addresses`.
    let field: String
    /// For a port, in order of likelihood. The plugin decides which of them are valid.
    let candidates: (_ port: Int) -> [JSON]

    /// One for each field that the metric type's schema marks with `x-address`.
    static func all(_ type: MetricTypeDescription, good: JSON) -> [AddressConfigs] {
        let given = MarkedFields("x-address", in: type.configSchema)?.fields(of: good).filter { !$0.value.isNull } ?? []
        let paths = CheckContext.paths(markedWith: "x-address", in: type.configSchema)
        let present = given.filter { !$0.path.isEmpty }.map { field in
            AddressConfigs(field: field.path) { port in
                redirected(field.value, port).map { [good.replacing(steps(field.path)[...], with: $0)] } ?? []
            }
        }
        let names = Set(given.map(\.path))
        let absent = paths.filter { !names.contains($0.joined(separator: ".")) }.map { path in
            AddressConfigs(field: path.joined(separator: ".")) { port in
                values(schema(at: path, in: type.configSchema), type.type, port).flatMap { value in
                    // With the other addresses, or instead of them.
                    [good.setting(path, to: value), without(paths, in: good).setting(path, to: value)]
                }
            }
        }
        return present + absent
    }

    private static func redirected(_ value: JSON, _ port: Int) -> JSON? {
        if let text = value.stringValue {
            return redirected(text, port).map { JSON.string($0) }
        }
        guard let elements = value.arrayValue else { return nil }
        let texts = elements.compactMap { element in element.stringValue.flatMap { redirected($0, port) } }
        return texts.count == elements.count ? JSON.array(texts.map { JSON.string($0) }) : nil
    }

    /// The address with another host and port: scheme, user and path stay.
    static func redirected(_ text: String, _ port: Int) -> String? {
        var start = text.startIndex
        if let separator = text.firstRange(of: "://") { start = separator.upperBound }
        let scheme = String(text[..<start])
        guard scheme != "unix://" else { return nil }
        let ends = scheme.isEmpty ? "/" : "/?#"
        let authority = text[start...].prefix { !ends.contains($0) }
        var user = ""
        if let at = authority.lastIndex(of: "@") { user = String(authority[...at]) }
        return "\(scheme)\(user)127.0.0.1:\(port)\(text[authority.endIndex...])"
    }

    /// Possible values of a field that the config does not have.
    private static func values(_ schema: JSON?, _ type: String, _ port: Int) -> [JSON] {
        let samples = ([schema?["default"]].compactMap(\.self) + (schema?["examples"]?.arrayValue ?? []))
            .compactMap { redirected($0, port) }
        let text = "\(schema?["description"]?.stringValue ?? "") \(schema?["pattern"]?.stringValue ?? "")"
        let schemes = schemes(in: text) + ["http", type, "tcp"]
        let texts = ["127.0.0.1:\(port)"] + schemes.map { "\($0)://127.0.0.1:\(port)" }
        let isList = schema?["type"] == "array"
        return samples + texts.map { isList ? JSON.array([JSON.string($0)]) : JSON.string($0) }
    }

    private static func schemes(in text: String) -> [String] {
        text.split(separator: "://").dropLast().compactMap { part in
            let scheme = String(part.reversed().prefix { $0.isLetter || $0.isNumber || "+-.".contains($0) }.reversed())
            return scheme.isEmpty || scheme == "unix" ? nil : scheme
        }
    }

    private static func schema(at path: [String], in schema: JSON) -> JSON? {
        path.reduce(schema as JSON?) { $0?["properties"]?[$1] ?? $0?["additionalProperties"] }
    }

    private static func without(_ paths: [[String]], in config: JSON) -> JSON {
        paths.compactMap(\.first).reduce(config) { $0.setting($1, to: nil) }
    }

    /// `a.b[0]` as `a`, `b`, `0`.
    private static func steps(_ path: String) -> [String] {
        path.split { ".[".contains($0) }.map { $0.hasSuffix("]") ? String($0.dropLast()) : String($0) }
    }
}

extension JSON {
    /// The value with the member at a path replaced; unchanged if there is none.
    fileprivate func replacing(_ path: ArraySlice<String>, with value: JSON) -> JSON {
        guard let step = path.first else { return value }
        switch self {
        case .object(let members):
            guard let member = members[step] else { return self }
            return setting(step, to: member.replacing(path.dropFirst(), with: value))
        case .array(var elements):
            guard let index = Int(step), elements.indices.contains(index) else { return self }
            elements[index] = elements[index].replacing(path.dropFirst(), with: value)
            return .array(elements)
        default: return self
        }
    }
}
