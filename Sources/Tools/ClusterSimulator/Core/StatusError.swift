package import WireFormats

/// An error as the `Status` object of a Kubernetes API server.
package struct StatusError: Error, Sendable, Hashable, CustomStringConvertible {
    package var code: Int
    /// The reason; nil for the few errors without one.
    package var reason: String?
    package var message: String
    package var details: JSON?
    package var retryAfterSeconds: Int?
    /// Whether kind and apiVersion are omitted, as in the real server's timeout filter.
    var isUntyped = false

    package init(_ code: Int, _ reason: String?, _ message: String, details: JSON? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
    }

    package var description: String { "\(code) \(reason ?? "Unknown"): \(message)" }

    package var body: JSON {
        var body: JSON = ["metadata": [:], "status": "Failure", "message": .string(message), "code": .init(code)]
        if !isUntyped {
            body.set("Status", at: "kind")
            body.set("v1", at: "apiVersion")
        }
        body.set(reason.map { .string($0) }, at: "reason")
        body.set(details, at: "details")
        if let retryAfterSeconds { body.set(.init(retryAfterSeconds), at: "details", "retryAfterSeconds") }
        return body
    }
}

extension JSON {
    init(_ value: Int) { self = .integer(Int64(value)) }
}

/// The subject in an error's `details`.
struct ErrorSubject {
    var name: String?
    var group: String
    /// The plural or the kind, as in the real server's error.
    var kind: String

    var qualified: String { group.isEmpty ? kind : "\(kind).\(group)" }

    func details(causes: [JSON] = []) -> JSON {
        var details: JSON = ["kind": .string(kind)]
        if let name, !name.isEmpty { details.set(.string(name), at: "name") }
        if !group.isEmpty { details.set(.string(group), at: "group") }
        if !causes.isEmpty { details.set(.array(causes), at: "causes") }
        return details
    }
}

extension StatusError {
    static func badRequest(_ message: String) -> StatusError { StatusError(400, "BadRequest", message) }

    static func unauthorized() -> StatusError { StatusError(401, "Unauthorized", "Unauthorized") }

    static func notFound(_ subject: ErrorSubject) -> StatusError {
        StatusError(
            404, "NotFound", "\(subject.qualified) \"\(subject.name ?? "")\" not found", details: subject.details())
    }

    static func alreadyExists(_ subject: ErrorSubject) -> StatusError {
        StatusError(
            409, "AlreadyExists", "\(subject.qualified) \"\(subject.name ?? "")\" already exists",
            details: subject.details())
    }

    static func conflict(
        _ subject: ErrorSubject,
        _ why: String = "the object has been modified; please apply your changes to the latest version and try again"
    ) -> StatusError {
        StatusError(
            409, "Conflict", "Operation cannot be fulfilled on \(subject.qualified) \"\(subject.name ?? "")\": \(why)",
            details: subject.details())
    }

    static func invalid(_ subject: ErrorSubject, _ errors: [FieldError]) -> StatusError {
        let parts = errors.map { "\($0.field): \($0.message)" }
        let text = parts.count == 1 ? parts[0] : "[\(parts.joined(separator: ", "))]"
        return StatusError(
            422, "Invalid", "\(subject.qualified) \"\(subject.name ?? "")\" is invalid: \(text)",
            details: subject.details(causes: errors.map(\.cause)))
    }

    /// Returns the error for a patch whose result does not decode as its kind.
    static func undecodablePatch(_ why: String) -> StatusError {
        let cause = FieldError(.invalid, "patch", message: "Invalid value: \(why)")
        return StatusError(
            422, "Invalid", " \"\" is invalid: patch: \(cause.message)", details: ["causes": [cause.cause]])
    }

    static func methodNotAllowed() -> StatusError {
        StatusError(
            405, "MethodNotAllowed", "the server does not allow this method on the requested resource", details: [:])
    }

    static func unsupportedMediaType(accepted: [String]) -> StatusError {
        StatusError(
            415, "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: "
                + accepted.joined(separator: ", "))
    }

    static func notAcceptable() -> StatusError {
        StatusError(
            406, "NotAcceptable",
            "only the following media types are accepted: application/json, application/yaml")
    }

    static func tooLarge() -> StatusError {
        StatusError(
            413, "RequestEntityTooLarge", "Request entity too large: limit is \(Limits.requestBody)", details: [:])
    }

    static func expired(_ message: String) -> StatusError { StatusError(410, "Expired", message) }

    static func tooLargeResourceVersion(_ wanted: UInt64, current: UInt64) -> StatusError {
        let cause: JSON = ["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]
        var error = StatusError(
            504, "Timeout", "Timeout: Too large resource version: \(wanted), current: \(current)",
            details: ["causes": [cause]])
        error.retryAfterSeconds = 1
        return error
    }

    static func requestTimeout() -> StatusError {
        var error = StatusError(
            504, "Timeout", "Timeout: request did not complete within the allotted timeout", details: [:])
        error.isUntyped = true
        return error
    }
}
