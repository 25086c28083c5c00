package import Scaling
package import WireFormats

/// The part of the custom resource that the operator reads.
package struct GeneralScaler: Sendable {
    package static let apiVersion = "autoscaling.example.com/v1"
    package static let kind = "GeneralScaler"

    package let namespace: String
    package let name: String
    package let uid: String
    package let resourceVersion: String
    package let generation: Int
    /// The creation time as written by the API server, such as `2026-01-02T03:04:05Z`; sorts chronologically.
    package let creationTimestamp: String
    package let isBeingDeleted: Bool
    package let labels: [String: String]
    /// The spec, or all its errors.
    package let spec: Result<GeneralScalerSpec, InvalidSpec>
    package let status: ScalerStatus

    /// - Parameter zones: the time zones of schedules.
    /// - Throws: ``JSONPathError`` if the object has no identity. An invalid spec does not throw: its errors are in
    ///   ``spec``.
    package init(_ json: JSON, zones: any TimeZoneProvider) throws(JSONPathError) {
        try self.init(json, spec: GeneralScalerSpec.parse(json["spec"] ?? .null, zones: zones))
    }

    /// - Parameter spec: the spec to use in place of the object's.
    package init(_ json: JSON, spec: Result<GeneralScalerSpec, InvalidSpec>) throws(JSONPathError) {
        let metadata = try JSONReader(json).required("metadata")
        namespace = try metadata.required("namespace").nonEmptyString()
        name = try metadata.required("name").nonEmptyString()
        uid = try metadata.required("uid").nonEmptyString()
        resourceVersion = try metadata.required("resourceVersion").string()
        generation = try metadata.optional("generation")?.int(in: 0...Int.max) ?? 0
        creationTimestamp = try metadata.optional("creationTimestamp")?.string() ?? ""
        isBeingDeleted = try metadata.optional("deletionTimestamp") != nil
        labels = (metadata.value["labels"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
        self.spec = spec
        status = ScalerStatus(reading: json["status"] ?? .null)
    }
}

/// All errors of a spec.
package struct InvalidSpec: Error, Sendable, Hashable, CustomStringConvertible {
    /// The errors; not empty.
    package let problems: [JSONPathError]

    package init(problems: [JSONPathError]) {
        self.problems = problems
    }

    package var description: String { problems.map(\.description).joined(separator: "; ") }
}

/// A reference to the object to scale.
package struct TargetReference: Sendable, Hashable, CustomStringConvertible {
    package var apiVersion: String
    package var kind: String
    package var name: String

    package init(apiVersion: String, kind: String, name: String) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
    }

    package var description: String { "\(kind)/\(name)" }

    /// The API group; empty for the core group.
    package var group: String { apiVersion.contains("/") ? String(apiVersion.prefix { $0 != "/" }) : "" }
}

/// A target and its namespace.
package struct TargetPlace: Sendable, Hashable {
    package let namespace: String
    package let target: TargetReference

    package init(namespace: String, target: TargetReference) {
        self.namespace = namespace
        self.target = target
    }
}
