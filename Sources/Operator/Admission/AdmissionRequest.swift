package import WireFormats

/// What the API server wants to know: `request` of an AdmissionReview (admission.k8s.io/v1), as far as it is looked at.
package struct AdmissionRequest: Sendable {
    package static let apiVersion = "admission.k8s.io/v1"

    package let uid: String
    package let namespace: String
    package let name: String
    package let spec: JSON
    /// Of an update: the spec as it was.
    package let oldSpec: JSON?
    /// Who asks, as `userInfo` says.
    package let user: JSON
    package let isGeneralScaler: Bool

    package init(_ review: JSON) throws(JSONPathError) {
        let reader = JSONReader(review)
        let version = try reader.required("apiVersion")
        guard try version.string() == Self.apiVersion else { throw version.error("must be \(Self.apiVersion)") }
        let request = try reader.required("request")
        uid = try request.required("uid").nonEmptyString()
        namespace = try request.optional("namespace")?.string() ?? ""
        let object = request.value["object"] ?? .null
        name = request.value["name"]?.stringValue ?? object["metadata"]?["name"]?.stringValue ?? ""
        spec = object["spec"] ?? .null
        oldSpec = request.value["operation"] == "UPDATE" ? request.value["oldObject"]?["spec"] : nil
        user = request.value["userInfo"] ?? [:]
        isGeneralScaler =
            object["kind"]?.stringValue == GeneralScaler.kind
            && object["apiVersion"]?.stringValue == GeneralScaler.apiVersion
    }

    /// The review that answers this request.
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

/// What is to be said about an object: nothing, warnings, or why it is refused.
package struct AdmissionVerdict: Sendable {
    package var problems: [JSONPathError] = []
    package var warnings: [String] = []
}
