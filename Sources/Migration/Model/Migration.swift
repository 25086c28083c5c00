package import WireFormats

/// The result of converting the objects of another autoscaler.
package struct Migration: Sendable {
    /// A GeneralScaler, and what it was made from.
    package struct Scaler: Sendable {
        /// The object that it was converted from.
        package let source: SourceObject
        package let name: String
        package let namespace: String?
        package let json: JSON
        /// The object as YAML, with the comments of the source.
        package let yaml: String

        /// A name for its file that is unique in the migration.
        package internal(set) var fileName: String
    }

    /// A source object with the outcome of each of its fields.
    package struct Object: Sendable {
        package let source: SourceObject
        /// The file of the scaler; nil if the object gave none.
        package internal(set) var fileName: String?
        package let findings: [FieldFinding]
        /// Defaults of the source that were written, and other remarks.
        package let notes: [String]
    }

    package internal(set) var scalers: [Scaler] = []
    package internal(set) var objects: [Object] = []
    package internal(set) var secrets: [SecretTask] = []
    package internal(set) var plugins = PluginAdditions()

    /// The number of fields by outcome.
    package struct Counts: Sendable, Hashable {
        package var converted = 0
        package var different = 0
        package var notConvertible = 0
        package var total: Int { converted + different + notConvertible }

        mutating func add(_ outcome: FieldOutcome) {
            switch outcome {
            case .converted: converted += 1
            case .different: different += 1
            case .notConvertible: notConvertible += 1
            }
        }
    }

    package var counts: Counts {
        var counts = Counts()
        for finding in objects.flatMap(\.findings) { counts.add(finding.outcome) }
        return counts
    }

    /// Whether every field has an equivalent.
    package var isComplete: Bool { counts.notConvertible == 0 }
}
