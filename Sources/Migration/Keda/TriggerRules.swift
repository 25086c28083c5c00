import WireFormats

/// How a parameter of a trigger is converted.
struct FieldRule: Sendable {
    /// The names of the parameter: the current one first, then those of older versions.
    let names: [String]
    let isSecret: Bool
    let convert: @Sendable (TriggerConversion, ParameterValue) -> FieldOutcome

    init(
        _ names: [String], isSecret: Bool = false,
        _ convert: @escaping @Sendable (TriggerConversion, ParameterValue) -> FieldOutcome
    ) {
        self.names = names
        self.isSecret = isSecret
        self.convert = convert
    }
}

/// How the triggers of a type are converted.
struct TriggerRules: Sendable {
    /// The types of the source, such as `kafka` and `apache-kafka`.
    let types: [String]
    /// The metric type of the result.
    let metricType: String
    /// The target that the source uses if the trigger has none.
    var defaultTarget: Double?
    let fields: [FieldRule]
    /// Converts what depends on several parameters.
    var finish: @Sendable (TriggerConversion) -> Void = { _ in }
}

// MARK: Rules for a parameter

extension FieldRule {
    /// A text that is a field of `config`.
    static func text(_ name: String, to field: String, aliases: [String] = []) -> FieldRule {
        FieldRule([name] + aliases) { $0.set(field, $1) }
    }

    /// A secret that is a field of `config`.
    static func secret(_ name: String, to field: String, aliases: [String] = []) -> FieldRule {
        FieldRule([name] + aliases, isSecret: true) { $0.set(field, $1) }
    }

    /// A secret of a certificate or key in PEM.
    static func tls(_ name: String, _ field: String) -> FieldRule { secret(name, to: "tls.\(field)") }

    static let keyPassword = FieldRule.refused(
        "keyPassword", nearest: "a key without a password, in a separate Secret")

    /// The target value.
    static func target(_ name: String, aliases: [String] = []) -> FieldRule {
        FieldRule([name] + aliases) { trigger, value in
            guard let number = value.text.flatMap(Quantity.number), number > 0 else {
                return .notConvertible(nearest: "set `targetValue`, a number above 0")
            }
            trigger.metric.targetValue = number
            return .converted(to: "\(trigger.place).targetValue")
        }
    }

    /// The activation value.
    static func activation(_ name: String, aliases: [String] = []) -> FieldRule {
        FieldRule([name] + aliases) { trigger, value in
            guard let number = value.text.flatMap(Quantity.number) else {
                return .notConvertible(nearest: "set `activationValue`, a number")
            }
            trigger.metric.activationValue = number
            return .converted(to: "\(trigger.place).activationValue")
        }
    }

    /// `true` and `false`: a field of `config` that is set if the parameter is true.
    static func flag(_ name: String, to field: String, _ value: JSON = true) -> FieldRule {
        FieldRule([name]) { trigger, parameter in
            guard let text = parameter.text else { return .notConvertible(nearest: "set `\(field)`") }
            if Self.isTrue(text) { trigger.metric.set(field, value) }
            return trigger.outcome(field, nil)
        }
    }

    static func integer(_ name: String, to field: String) -> FieldRule {
        FieldRule([name]) { trigger, parameter in
            guard let number = parameter.text.flatMap({ Int64($0) }) else {
                return .notConvertible(nearest: "set `config.\(field)`, a whole number")
            }
            trigger.metric.set(field, .integer(number))
            return trigger.outcome(field, nil)
        }
    }

    /// The certificate of the server is not verified.
    static let unsafeTLS = FieldRule.flag("unsafeSsl", to: "tls.insecureSkipVerify")

    /// A timeout in milliseconds, or as a duration such as `5s`.
    static let timeout = FieldRule(["timeout"]) { trigger, parameter in
        guard let seconds = parameter.text.flatMap(Quantity.timeoutSeconds), seconds >= 0.1, seconds <= 300 else {
            return .notConvertible(nearest: "set `config.timeoutSeconds`, 0.1 to 300")
        }
        trigger.metric.set("timeoutSeconds", seconds.json)
        return trigger.outcome("timeoutSeconds", nil)
    }

    /// A parameter that is one of several parts of a field.
    static func part(_ name: String, of field: String, aliases: [String] = [], isSecret: Bool = false) -> FieldRule {
        FieldRule([name] + aliases, isSecret: isSecret) { trigger, value in
            trigger.parts[name] = value
            return trigger.outcome(field, value.note)
        }
    }

    /// A parameter that has no effect in the result.
    static func ignored(_ name: String, _ meaning: String) -> FieldRule {
        FieldRule([name]) { _, _ in .different(to: "", meaning: meaning) }
    }

    static func refused(_ name: String, nearest: String) -> FieldRule {
        FieldRule([name]) { _, _ in .notConvertible(nearest: nearest) }
    }

    /// The same rule, unless `other` returns an outcome.
    func unless(_ other: @escaping @Sendable (TriggerConversion) -> FieldOutcome?) -> FieldRule {
        FieldRule(names, isSecret: isSecret) { trigger, value in other(trigger) ?? convert(trigger, value) }
    }

    /// The name of the metric in old versions, which has no effect on scaling.
    static let metricName = FieldRule.ignored(
        "metricName", "the source only shows it; the metric's name is `name` here")

    static func isTrue(_ text: String) -> Bool { ["true", "t", "1", "yes"].contains(text.lowercased()) }
}
