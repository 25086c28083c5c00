package import Scaling
package import WireFormats

/// A policy that `spec.policy` can select: its algorithm, its name, and its config.
///
/// A new policy is one file with a type that conforms to this, and one line in ``PolicyRegistry/standard``.
package protocol ConfigurablePolicy: ScalingPolicy {
    /// The value of `policy.type`.
    static var type: String { get }
    /// The fields of `policy.config`; any other is refused before ``init(config:)`` is called.
    static var fields: [String] { get }

    /// - Throws: ``JSONPathError`` with the invalid field and the fix.
    init(config: PolicyConfig) throws(JSONPathError)

    /// The config that gives this policy, without the defaults.
    var config: JSON { get }
}

/// `spec.policy.config`, and the parts of the spec to which a policy may refer.
package struct PolicyConfig: Sendable {
    package let reader: JSONReader
    /// The names of the spec's metrics; nil if the metrics could not be read, so that names cannot be checked.
    private let metricNames: [String]?

    package init(_ reader: JSONReader, metricNames: [String]?) {
        self.reader = reader
        self.metricNames = metricNames
    }

    /// Reads a number above 0; nil if the field is absent.
    package func positive(_ field: String) throws(JSONPathError) -> Double? {
        guard let number = try reader.optional(field) else { return nil }
        return try Self.positive(number)
    }

    /// Reads a required number above 0.
    package func requiredPositive(_ field: String) throws(JSONPathError) -> Double {
        try Self.positive(try reader.required(field))
    }

    /// Reads a number from 0 to less than 1; nil if the field is absent.
    package func fraction(_ field: String) throws(JSONPathError) -> Double? {
        guard let number = try reader.optional(field) else { return nil }
        let value = try number.double()
        guard value >= 0, value < 1 else { throw number.error("must be at least 0 and below 1, such as 0.1") }
        return value
    }

    /// Reads the name of one of the spec's metrics.
    package func metricName(_ name: JSONReader) throws(JSONPathError) -> String {
        let text = try name.nonEmptyString()
        if let metricNames, !metricNames.contains(text) {
            throw name.error("unknown metric \"\(text)\"; defined metrics: \(metricNames.joined(separator: ", "))")
        }
        return text
    }

    private static func positive(_ number: JSONReader) throws(JSONPathError) -> Double {
        let value = try number.double()
        guard value > 0 else { throw number.error("must be greater than 0") }
        return value
    }
}
