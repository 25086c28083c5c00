package import Scaling
package import WireFormats

/// The part of the custom resource that the operator reads.
package struct ScalingBudget: Sendable {
    package static let apiVersion = GeneralScaler.apiVersion
    package static let kind = "ScalingBudget"

    package let name: String
    package let uid: String
    package let resourceVersion: String
    package let generation: Int
    package let isBeingDeleted: Bool
    /// The spec, or all its errors.
    package let spec: Result<ScalingBudgetSpec, InvalidSpec>
    /// As written, for ``lastValid`` of the status.
    package let specJSON: JSON
    /// The spec that was last valid, from the status; nil if there is none.
    package let lastValid: JSON?
    /// Of an invalid spec: which scalers it concerns; nil if the selectors are invalid too.
    package let selectorOfInvalid: ScalerSelector?
    /// Of an invalid spec.
    package let onInvalid: ScalingBudgetSpec.InvalidBehavior

    /// - Parameter zones: the time zones of windows.
    /// - Throws: ``JSONPathError`` if the object has no identity. An invalid spec does not throw: its errors are in
    ///   ``spec``.
    package init(_ json: JSON, zones: any TimeZoneProvider) throws(JSONPathError) {
        let metadata = try JSONReader(json).required("metadata")
        name = try metadata.required("name").nonEmptyString()
        uid = try metadata.required("uid").nonEmptyString()
        resourceVersion = try metadata.required("resourceVersion").string()
        generation = try metadata.optional("generation")?.int(in: 0...Int.max) ?? 0
        isBeingDeleted = try metadata.optional("deletionTimestamp") != nil
        specJSON = json["spec"] ?? .null
        spec = ScalingBudgetSpec.parse(specJSON, zones: zones)
        lastValid = json["status"]?["lastValid"]?.stringValue.flatMap { try? JSON(parsing: $0) }
        selectorOfInvalid = try? ScalerSelector(in: JSONReader(specJSON))
        onInvalid = specJSON["onInvalid"] == .string("Ignore") ? .ignore : .hold
    }

    /// Returns the spec in effect: that of the object, or the last valid one; nil if there is none.
    package func effective(zones: any TimeZoneProvider) -> ScalingBudgetSpec? {
        if case .success(let spec) = spec { return spec }
        return lastValid.flatMap { try? ScalingBudgetSpec.parse($0, zones: zones).get() }
    }
}
