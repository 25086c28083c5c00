package import WireFormats

/// A config in which each reference to a Secret has a stand-in, since there is no Secret to read here.
package struct SecretFreeConfig: Sendable {
    package private(set) var config: JSON = [:]
    /// Where the stand-ins are. What a plugin says of them means nothing.
    package private(set) var references: [String] = []
    /// References that are not written as they have to be.
    package private(set) var problems: [JSONPathError] = []

    /// The Secrets that are referred to.
    package private(set) var secrets: Set<String> = []

    private static let standIn: JSON = "value-of-a-secret"

    package init(_ config: JSON, path: String) {
        self.config = replaced(JSONReader(config, path: path))
    }

    /// Whether a problem that a plugin finds at that place is one of a stand-in.
    package func isReference(_ path: String) -> Bool {
        references.contains { path == $0 || path.hasPrefix($0 + ".") || path.hasPrefix($0 + "[") }
    }

    private mutating func replaced(_ value: JSONReader) -> JSON {
        switch value.value {
        case .object(let members):
            guard members["valueFrom"] == nil else {
                references.append(value.path)
                check(value)
                return Self.standIn
            }
            var replacement: [String: JSON] = [:]
            for (name, member) in members {
                replacement[name] = replaced(JSONReader(member, path: "\(value.path).\(name)"))
            }
            return .object(replacement)
        case .array(let elements):
            return .array(
                elements.enumerated().map { index, element in
                    replaced(JSONReader(element, path: "\(value.path)[\(index)]"))
                })
        default: return value.value
        }
    }

    private mutating func check(_ reference: JSONReader) {
        do throws(JSONPathError) {
            try reference.rejectUnknown("valueFrom")
            let source = try reference.required("valueFrom")
            try source.rejectUnknown("secretKeyRef")
            let key = try source.required("secretKeyRef")
            try key.rejectUnknown("name", "key", "optional")
            secrets.insert(try key.required("name").objectName())
            _ = try key.required("key").nonEmptyString()
            _ = try key.optional("optional")?.bool()
        } catch {
            problems.append(error)
        }
    }
}
