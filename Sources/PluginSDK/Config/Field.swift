import WireFormats

/// A field of a ``MetricConfig``: its name is the property's, its schema and its reading come from here.
///
/// ```swift
/// @Field("The PromQL query.") var query: String                              // required
/// @Field("Seconds to wait.", minimum: 1, maximum: 300) var timeoutSeconds = 10   // has a default
/// @Field("Bearer token.") var token: Secret?                                 // may be omitted
/// ```
///
/// A field whose value is a string must not be empty: leave it out instead.
@propertyWrapper
public struct Field<Value: ConfigValue>: Sendable {
    private let slot: Slot

    /// Written once, by the ``MetricConfig`` that was just created and is not yet shared, and only read afterwards.
    private final class Slot: @unchecked Sendable {
        /// Nil once a config has been read: a plugin keeps many of them.
        var definition: FieldDefinition<Value>?
        var value: Value?

        init(_ definition: FieldDefinition<Value>) {
            self.definition = definition
            value = definition.standard ?? Value.valueWhenAbsent
        }
    }

    /// A field that a config must have, unless its type is an optional.
    ///
    /// - Parameters:
    ///   - help: what the field means, with its unit, in one or two sentences.
    ///   - minimum: the minimum of a number.
    ///   - maximum: the maximum of a number.
    ///   - isAddress: whether the text, or each text of a list, is the address of the server, as `scheme://host:port`
    ///     or `host:port`. The administrator can restrict them.
    ///   - marks: properties of the field with which the host keeps the administrator's credentials from servers that
    ///     they are not meant for.
    public init(
        _ help: String, minimum: Double? = nil, maximum: Double? = nil, isAddress: Bool = false, marks: FieldMarks = []
    ) {
        let marks = isAddress ? marks.union(.address) : marks
        slot = Slot(FieldDefinition(help: help, minimum: minimum, maximum: maximum, marks: marks, standard: nil))
    }

    /// Creates a field with a default.
    public init(
        wrappedValue: Value, _ help: String, minimum: Double? = nil, maximum: Double? = nil, isAddress: Bool = false,
        marks: FieldMarks = []
    ) {
        let marks = isAddress ? marks.union(.address) : marks
        slot = Slot(
            FieldDefinition(help: help, minimum: minimum, maximum: maximum, marks: marks, standard: wrappedValue))
    }

    public var wrappedValue: Value {
        guard let value = slot.value else {
            preconditionFailure("a required field is read of a config that was not decoded: use Config(parsing:)")
        }
        return value
    }
}

extension Field: CustomStringConvertible {
    public var description: String { slot.value.map { "\($0)" } ?? "unset" }
}

/// A ``Field`` of any type, found by ``MetricConfig`` by reflection.
protocol AnyField {
    /// Of a config that was not read.
    var isRequired: Bool { get }
    /// Of a config that was not read.
    var schema: JSON { get }
    var json: JSON { get }
    var secrets: [Secret] { get }
    /// Reads the field, once. Only for a config that is not shared yet.
    ///
    /// - Parameter json: nil, or null, if the config does not have the field.
    func read(_ json: JSON?, path: String) throws(ConfigProblems)
}

extension Field: AnyField {
    private var definition: FieldDefinition<Value> {
        guard let definition = slot.definition else {
            preconditionFailure("a field of a config that was read has no definition")
        }
        return definition
    }

    var isRequired: Bool { definition.isRequired }

    var schema: JSON { definition.schema }

    var json: JSON { slot.value?.configJSON ?? .null }

    var secrets: [Secret] { slot.value?.configSecrets ?? [] }

    func read(_ json: JSON?, path: String) throws(ConfigProblems) {
        let definition = definition
        slot.definition = nil
        if let json, !json.isNull {
            slot.value = try definition.value(JSONReader(json, path: path))
        } else if slot.value == nil {
            throw ConfigProblems(path: path, "is required: \(definition.help)")
        }
    }
}

/// What a ``Field`` may have as its value.
private final class FieldDefinition<Value: ConfigValue>: Sendable {
    let help: String
    let minimum: Double?
    let maximum: Double?
    let marks: FieldMarks
    let standard: Value?

    init(help: String, minimum: Double?, maximum: Double?, marks: FieldMarks, standard: Value?) {
        self.help = help
        self.minimum = minimum
        self.maximum = maximum
        self.marks = marks
        self.standard = standard
    }

    var isRequired: Bool { standard == nil && Value.valueWhenAbsent == nil }

    var schema: JSON {
        var schema = Value.configSchema
        schema["description"] = .string(help)
        if let standard { schema["default"] = standard.configJSON }
        if let minimum { schema["minimum"] = .number(minimum) }
        if let maximum { schema["maximum"] = .number(maximum) }
        for (keyword, value) in marks.keywords { schema[keyword] = value }
        if schema["type"] == "string", schema["enum"] == nil { schema["minLength"] = 1 }
        return .object(schema)
    }

    func value(_ reader: JSONReader) throws(ConfigProblems) -> Value {
        if reader.value == "" { throw ConfigProblems(path: reader.path, "must not be empty") }
        let value = try Value(config: reader)
        if let number = reader.value.doubleValue, number < minimum ?? number || number > maximum ?? number {
            throw ConfigProblems(path: reader.path, "must be \(bounds), not \(reader.value)")
        }
        return value
    }

    private var bounds: String {
        let least = minimum.map { JSON.number($0).description }
        let greatest = maximum.map { JSON.number($0).description }
        return switch (least, greatest) {
        case (let least?, let greatest?): "from \(least) to \(greatest)"
        case (let least?, nil): "at least \(least)"
        case (nil, let greatest?): "at most \(greatest)"
        case (nil, nil): "a number"
        }
    }
}
