public import WireFormats

/// A plugin's config, or an object nested in one: a struct whose properties are ``Field``s.
///
/// It is declared once. Its JSON Schema, its defaults, and the reading that reports every problem with its path, all
/// come from the fields:
///
/// ```swift
/// struct Config: MetricConfig {
///     @Field("Address of the queue server.") var address: String
///     @Field("Password, where the server wants one.") var password: Secret?
/// }
/// ```
///
/// Fields that several configs have are declared once too: a stored property that is a config and not a ``Field`` adds its
/// fields to those of the config that it is in, such as `let server = ServerFields()`.
public protocol MetricConfig: ConfigValue {
    /// Creates a config. Synthesized by the compiler.
    init()

    /// Returns problems between fields that are valid individually. Paths are relative to this object.
    func validate() -> [ConfigProblem]
}

extension MetricConfig {
    public func validate() -> [ConfigProblem] { [] }

    /// Reads a config from JSON text as sent by the host, for tests.
    public init(parsing text: String) throws(ConfigProblems) {
        let json: JSON
        do throws(JSONSyntaxError) {
            json = try JSON(parsing: text)
        } catch {
            throw ConfigProblems("is not JSON: \(error)")
        }
        try self.init(config: JSONReader(json))
    }

    public init(config: JSONReader) throws(ConfigProblems) {
        guard case .object(let members) = config.value else {
            throw ConfigProblems(path: config.path, "must be an object, not \(config.value.shapeName)")
        }
        self.init()
        let fields = self.fields
        var problems: [ConfigProblem] = []
        for (name, field) in fields {
            do throws(ConfigProblems) {
                try field.read(members[name], path: config.path(of: name))
            } catch {
                problems += error.problems
            }
        }
        let known = fields.map(\.name)
        for unknown in members.keys.sorted() where !known.contains(unknown) {
            problems.append(
                ConfigProblem(
                    path: config.path(of: unknown),
                    message: "is not a known field; known fields: \(known.joined(separator: ", "))"))
        }
        if problems.isEmpty {
            problems = (shared.flatMap { $0.validate() } + validate()).map { problem in
                let path = problem.path.isEmpty ? config.path : config.path(of: problem.path)
                return ConfigProblem(path: path, message: problem.message)
            }
        }
        guard problems.isEmpty else { throw ConfigProblems(problems) }
    }

    public static var configSchema: [String: JSON] {
        let fields = Self().fields
        var schema: [String: JSON] = [
            "type": "object",
            "properties": .object(Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.field.schema) })),
            "additionalProperties": false,
        ]
        let required = fields.filter(\.field.isRequired).map { JSON.string($0.name) }
        if !required.isEmpty { schema["required"] = .array(required) }
        return schema
    }

    public var configJSON: JSON {
        .object(Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.field.json) }).filter { !$0.value.isNull })
    }

    public var configSecrets: [Secret] { fields.flatMap(\.field.secrets) }

    /// The fields in declaration order. A wrapped property `query` is stored as `_query`.
    private var fields: [(name: String, field: any AnyField)] {
        Mirror(reflecting: self).children.flatMap { child -> [(name: String, field: any AnyField)] in
            if let shared = child.value as? any MetricConfig { return shared.fields }
            guard let label = child.label, let field = child.value as? any AnyField else { return [] }
            return [(String(label.drop { $0 == "_" }), field)]
        }
    }

    /// The configs whose fields are also fields of this one.
    private var shared: [any MetricConfig] {
        Mirror(reflecting: self).children.compactMap { $0.value as? any MetricConfig }
    }
}
