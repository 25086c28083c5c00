package import WireFormats

/// A reason why an object is invalid: a cause of a 422 response.
package struct FieldError: Sendable, Hashable {
    package enum Reason: String, Sendable {
        case invalid = "FieldValueInvalid"
        case required = "FieldValueRequired"
        case notSupported = "FieldValueNotSupported"
        case duplicate = "FieldValueDuplicate"
        case forbidden = "FieldValueForbidden"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
        case typeInvalid = "FieldValueTypeInvalid"
        case notFound = "FieldValueNotFound"
    }

    package let reason: Reason
    /// The path from the root of the object: `spec.metrics[0].type`.
    package let field: String
    package let message: String

    package init(_ reason: Reason, _ field: String, message: String) {
        self.reason = reason
        self.field = field
        self.message = message
    }

    package static func invalid(_ field: String, _ value: JSON, _ detail: String) -> FieldError {
        FieldError(.invalid, field, message: "Invalid value: \(value): \(detail)")
    }

    package static func required(_ field: String, _ detail: String? = nil) -> FieldError {
        FieldError(.required, field, message: detail.map { "Required value: \($0)" } ?? "Required value")
    }

    package static func forbidden(_ field: String, _ detail: String) -> FieldError {
        FieldError(.forbidden, field, message: "Forbidden: \(detail)")
    }

    package static func duplicate(_ field: String, _ value: JSON) -> FieldError {
        FieldError(.duplicate, field, message: "Duplicate value: \(value)")
    }

    package static func notSupported(_ field: String, _ value: JSON, supported: [JSON]) -> FieldError {
        let list = supported.map(\.description).joined(separator: ", ")
        return FieldError(.notSupported, field, message: "Unsupported value: \(value): supported values: \(list)")
    }

    /// Whether the error prevents the evaluation of rules across fields.
    var blocksCrossFieldRules: Bool {
        switch reason {
        case .notSupported, .required, .tooLong, .tooMany, .typeInvalid: true
        default: false
        }
    }

    var cause: JSON {
        ["reason": .string(reason.rawValue), "message": .string(message), "field": .string(field)]
    }
}
