package import Scaling
package import WireFormats

/// A policy that `spec.policy` can ask for: how it decides, what it is called there, and how its config is read.
///
/// A new policy is one file with a type that conforms to this, and one line in ``PolicyRegistry/standard``.
package protocol ConfigurablePolicy: ScalingPolicy {
    /// What `policy.type` says.
    static var type: String { get }
    /// The fields of `policy.config`; any other is refused before ``init(config:)`` sees it.
    static var fields: [String] { get }

    /// - Throws: ``JSONPathError`` with what is wrong, if, and what would be right.
    init(config: PolicyConfig) throws(JSONPathError)
}

/// `spec.policy.config`, and what of the rest of the spec a policy may refer to.
package struct PolicyConfig: Sendable {
    package let reader: JSONReader
    /// Names of the spec's metrics; nil if the metrics themselves could not be read, so that names cannot be
    /// checked.
    private let metricNames: [String]?

    package init(_ reader: JSONReader, metricNames: [String]?) {
        self.reader = reader
        self.metricNames = metricNames
    }

    /// Returns a number above 0; nil if the field is absent.
    package func positive(_ field: String) throws(JSONPathError) -> Double? {
        guard let number = try reader.optional(field) else { return nil }
        return try Self.positive(number)
    }

    /// Returns a number above 0 that has to be there.
    package func requiredPositive(_ field: String) throws(JSONPathError) -> Double {
        try Self.positive(try reader.required(field))
    }

    /// Returns a number from 0 to less than 1; nil if the field is absent.
    package func fraction(_ field: String) throws(JSONPathError) -> Double? {
        guard let number = try reader.optional(field) else { return nil }
        let value = try number.double()
        guard value >= 0, value < 1 else { throw number.error("must be at least 0 and below 1, such as 0.1") }
        return value
    }

    /// Returns the name of one of the spec's metrics.
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
