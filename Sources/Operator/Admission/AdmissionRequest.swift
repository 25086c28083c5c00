import KubernetesClient
package import ScalerAPI
import TimeZones
package import WireFormats

/// The relevant part of `request` of an AdmissionReview (admission.k8s.io/v1).
package struct AdmissionRequest: Sendable {
    package static let apiVersion = "admission.k8s.io/v1"

    package let uid: String
    package let namespace: String
    package let name: String
    /// The labels of the object.
    let labels: [String: String]
    /// The spec to validate; nil if there is nothing to validate, because the object is not a GeneralScaler or its spec
    /// is unchanged.
    package let spec: Result<GeneralScalerSpec, InvalidSpec>?
    /// The spec of a ScalingBudget to validate; nil if the object is none, or its spec is unchanged.
    package let budget: Result<ScalingBudgetSpec, InvalidSpec>?
    /// The requesting user (`userInfo`); nil if not known reliably.
    package let user: JSON?

    /// Reads a review: locates its parts and parses the needed ones, each within limits.
    ///
    /// - Parameter isFromAPIServer: whether only the API server can have sent it. For any other client, `userInfo` is
    ///   not trusted.
    package init(reading review: ArraySlice<UInt8>, isFromAPIServer: Bool) throws(JSONPathError) {
        do {
            let members = try Self.members(of: review, ["apiVersion", "request"])
            let version = JSONReader(try Self.json(members["apiVersion"]), path: "apiVersion")
            guard try version.string() == Self.apiVersion else { throw version.error("must be \(Self.apiVersion)") }
            guard let request = members["request"] else { throw JSONPathError(path: "request", message: "is required") }
            let parts = try Self.members(
                of: request, ["uid", "namespace", "name", "operation", "object", "oldObject", "userInfo"])
            uid = try JSONReader(try Self.json(parts["uid"]), path: "request.uid").nonEmptyString()
            namespace = try Self.json(parts["namespace"]).stringValue ?? ""
            let object = try parts["object"].flatMap { try Self.object($0) }
            name = try Self.json(parts["name"]).stringValue ?? object?.name ?? ""
            labels = object?.labels ?? [:]
            user = isFromAPIServer ? try? JSON(parsing: parts["userInfo"] ?? [], limits: AdmissionLimits.user) : nil
            let isUpdate = try Self.json(parts["operation"]) == "UPDATE"
            let isUnchanged = try isUpdate && Self.hasSameSpec(parts["object"], parts["oldObject"])
            spec = isUnchanged ? nil : object?.spec
            budget = isUnchanged ? nil : object?.budget
        } catch let error as JSONPathError {
            throw error
        } catch {
            throw JSONPathError(path: "", message: "\(error)")
        }
    }

    // MARK: Parts of the text

    private static func members(
        of text: ArraySlice<UInt8>, _ names: [String]
    ) throws -> [String: ArraySlice<UInt8>] {
        var members: [String: ArraySlice<UInt8>] = [:]
        var slicer = JSONSlicer(text)
        try slicer.eachMember { name, slicer in
            let value = try slicer.value()
            if let name = names.first(where: { name.elementsEqual($0.utf8) }) { members[name] = value }
        }
        try slicer.end()
        return members
    }

    /// Reads a scalar; null if absent.
    private static func json(_ text: ArraySlice<UInt8>?) throws -> JSON {
        try text.map { try JSON(parsing: $0, limits: AdmissionLimits.scalar) } ?? .null
    }

    /// The reviewed part of an object, with the spec of the kind that it has.
    private struct ReviewedObject {
        var name: String?
        var labels: [String: String]
        var spec: Result<GeneralScalerSpec, InvalidSpec>?
        var budget: Result<ScalingBudgetSpec, InvalidSpec>?
    }

    private static func object(_ text: ArraySlice<UInt8>) throws -> ReviewedObject? {
        guard text.first == UInt8(ascii: "{") else { return nil }
        let read = try ObjectReader().read(text)
        let (json, invalid): (JSON, InvalidSpec?) =
            switch read {
            case .whole(let json): (json, nil)
            case .oversized(let oversized): (oversized.partial, oversized.invalidSpec)
            }
        var object = ReviewedObject(name: json["metadata"]?["name"]?.stringValue, labels: LabelReader.labels(of: json))
        guard json["apiVersion"]?.stringValue == GeneralScaler.apiVersion else { return object }
        let (spec, zones) = (json["spec"] ?? .null, TimeZoneDirectory.system)
        switch json["kind"]?.stringValue {
        case GeneralScaler.kind:
            object.spec = invalid.map { .failure($0) } ?? GeneralScalerSpec.parse(spec, zones: zones)
        case ScalingBudget.kind:
            object.budget = invalid.map { .failure($0) } ?? ScalingBudgetSpec.parse(spec, zones: zones)
        default: break
        }
        return object
    }

    /// Returns whether the spec is unchanged: an old spec must not prevent an edit of labels, or a rollback of the
    /// operator.
    private static func hasSameSpec(_ object: ArraySlice<UInt8>?, _ old: ArraySlice<UInt8>?) throws -> Bool {
        guard let object, let old, object.first == UInt8(ascii: "{"), old.first == UInt8(ascii: "{"),
            let spec = try members(of: object, ["spec"])["spec"], let oldSpec = try members(of: old, ["spec"])["spec"]
        else { return false }
        if spec.elementsEqual(oldSpec) { return true }
        let limits = KubernetesLimits.object
        guard let new = try? JSON(parsing: spec, limits: limits) else { return false }
        return (try? JSON(parsing: oldSpec, limits: limits)) == new
    }

    /// Returns the AdmissionReview with the response to this request.
    package func answer(_ verdict: AdmissionVerdict) -> JSON {
        var response: [String: JSON] = ["uid": .string(uid), "allowed": .bool(verdict.problems.isEmpty)]
        if !verdict.problems.isEmpty {
            let message = verdict.problems.map(\.description).joined(separator: "; ")
                .shortened(to: AdmissionLimits.messageCharacters)
            response["status"] = [
                "status": "Failure", "code": 422, "reason": "Invalid", "message": .string(message),
            ]
        }
        let warnings = verdict.warnings.prefix(AdmissionLimits.warnings)
            .map { JSON.string(String($0.prefix(AdmissionLimits.warningCharacters))) }
        if !warnings.isEmpty { response["warnings"] = .array(warnings) }
        return ["apiVersion": .string(Self.apiVersion), "kind": "AdmissionReview", "response": .object(response)]
    }
}

/// The verdict on an object: allowed, with or without warnings, or refused with the reason.
package struct AdmissionVerdict: Sendable {
    package var problems: [JSONPathError] = []
    package var warnings: [String] = []
}
