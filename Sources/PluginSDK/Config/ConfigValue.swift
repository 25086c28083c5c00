public import WireFormats

/// A type that a ``Field`` of a plugin's config can have.
///
/// `String`, `Int`, `Double`, `Bool`, ``Secret``, any ``MetricConfig`` (a nested object), and optionals, arrays and
/// string-keyed dictionaries of them, conform already. For a choice of words, declare an enum with this conformance:
///
/// ```swift
/// enum Measure: String, CaseIterable, ConfigValue { case lag, pending, length }
/// ```
public protocol ConfigValue: Sendable {
    /// JSON Schema 2020-12 of the value: an object.
    static var configSchema: [String: JSON] { get }
    /// The default of a field; nil makes the field required.
    static var valueWhenAbsent: Self? { get }
    /// - Throws: all problems, each with its path.
    init(config: JSONReader) throws(ConfigProblems)
    /// The value as JSON in a config. For a secret: `***`.
    var configJSON: JSON { get }
    /// The secrets in the value, so that the SDK can redact them in errors.
    var configSecrets: [Secret] { get }
}

extension ConfigValue {
    public static var valueWhenAbsent: Self? { nil }
    public var configSecrets: [Secret] { [] }
}

extension String: ConfigValue {
    public static var configSchema: [String: JSON] { ["type": "string"] }
    public init(config: JSONReader) throws(ConfigProblems) {
        self = try ConfigProblems.reporting { () throws(JSONPathError) in try config.string() }
    }
    public var configJSON: JSON { .string(self) }
}

extension Bool: ConfigValue {
    public static var configSchema: [String: JSON] { ["type": "boolean"] }
    public init(config: JSONReader) throws(ConfigProblems) {
        self = try ConfigProblems.reporting { () throws(JSONPathError) in try config.bool() }
    }
    public var configJSON: JSON { .bool(self) }
}

extension Int: ConfigValue {
    public static var configSchema: [String: JSON] { ["type": "integer"] }
    public init(config: JSONReader) throws(ConfigProblems) {
        self = try ConfigProblems.reporting { () throws(JSONPathError) in try config.int(in: .min ... .max) }
    }
    public var configJSON: JSON { .integer(Int64(self)) }
}

extension Double: ConfigValue {
    public static var configSchema: [String: JSON] { ["type": "number"] }
    public init(config: JSONReader) throws(ConfigProblems) {
        self = try ConfigProblems.reporting { () throws(JSONPathError) in try config.double() }
    }
    public var configJSON: JSON { .number(self) }
}

extension Optional: ConfigValue where Wrapped: ConfigValue {
    public static var configSchema: [String: JSON] { Wrapped.configSchema }
    public static var valueWhenAbsent: Wrapped?? { .some(.none) }
    public init(config: JSONReader) throws(ConfigProblems) { self = try Wrapped(config: config) }
    public var configJSON: JSON { self?.configJSON ?? .null }
    public var configSecrets: [Secret] { self?.configSecrets ?? [] }
}

extension Array: ConfigValue where Element: ConfigValue {
    public static var configSchema: [String: JSON] {
        ["type": "array", "items": .object(Element.configSchema)]
    }

    public init(config: JSONReader) throws(ConfigProblems) {
        let readers = try ConfigProblems.reporting { () throws(JSONPathError) in try config.elements() }
        var problems: [ConfigProblem] = []
        self = []
        for reader in readers {
            do throws(ConfigProblems) { append(try Element(config: reader)) } catch { problems += error.problems }
        }
        guard problems.isEmpty else { throw ConfigProblems(problems) }
    }

    public var configJSON: JSON { .array(map(\.configJSON)) }
    public var configSecrets: [Secret] { flatMap(\.configSecrets) }
}

extension Dictionary: ConfigValue where Key == String, Value: ConfigValue {
    public static var configSchema: [String: JSON] {
        ["type": "object", "additionalProperties": .object(Value.configSchema)]
    }

    public init(config: JSONReader) throws(ConfigProblems) {
        let members = try ConfigProblems.reporting { () throws(JSONPathError) in try config.object() }
        var problems: [ConfigProblem] = []
        self = [:]
        for (key, member) in members.sorted(by: { $0.key < $1.key }) {
            let reader = JSONReader(member, path: config.path(of: key))
            do throws(ConfigProblems) { self[key] = try Value(config: reader) } catch { problems += error.problems }
        }
        guard problems.isEmpty else { throw ConfigProblems(problems) }
    }

    public var configJSON: JSON { .object(mapValues(\.configJSON)) }
    public var configSecrets: [Secret] { values.flatMap(\.configSecrets) }
}

extension ConfigValue where Self: RawRepresentable & CaseIterable, RawValue == String {
    public static var configSchema: [String: JSON] {
        ["type": "string", "enum": .array(allCases.map { .string($0.rawValue) })]
    }

    public init(config: JSONReader) throws(ConfigProblems) {
        self = try ConfigProblems.reporting { () throws(JSONPathError) in try config.oneOf(Self.self) }
    }

    public var configJSON: JSON { .string(rawValue) }
}

extension JSONReader {
    func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}
