import HTTPTransport
import WireFormats

/// The reason why a call to the API server failed.
package struct KubernetesError: Error, Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        // What the server said
        case badRequest, unauthorized, forbidden, notFound, alreadyExists, conflict
        /// The resourceVersion or continue token is too old (410): list again.
        case gone
        case invalid, tooManyRequests, serverError
        /// Any other status that is not a success.
        case rejected
        // What came in between
        /// No response in time: the server's timeout (504) or the client's own.
        case timeout
        case unreachable
        /// The response exceeds the limit.
        case tooLarge
        /// The response does not conform to the Kubernetes API.
        case malformedAnswer
        /// There is no credential to send.
        case credentials
        case cancelled
    }

    /// A field that the server did not accept.
    package struct Cause: Sendable, Hashable {
        package let field: String
        package let reason: String
        package let message: String
    }

    package let kind: Kind
    /// The HTTP status; nil if there was no response.
    package let status: Int?
    /// The server's machine-readable reason, such as `NotFound`; may be empty.
    package let reason: String
    package let message: String
    package let causes: [Cause]
    /// The delay that the server requests.
    package let retryAfter: Duration?
    /// The request, such as `patch deployments/scale shop/web`; empty until a call sets it.
    package private(set) var request = ""

    package init(
        _ kind: Kind,
        _ message: String,
        status: Int? = nil,
        reason: String = "",
        causes: [Cause] = [],
        retryAfter: Duration? = nil
    ) {
        self.kind = kind
        self.status = status
        self.reason = reason.cleaned
        self.message = message.cleaned
        self.causes = causes
        self.retryAfter = retryAfter.map { min(max($0, .zero), KubernetesLimits.longestServerDelay) }
    }

    func during(_ request: String) -> KubernetesError {
        var error = self
        error.request = request
        return error
    }
}

extension KubernetesError: CustomStringConvertible {
    package var description: String {
        let what = status.map { "\(kind.rawValue) (\($0))" } ?? kind.rawValue
        return request.isEmpty ? "\(what): \(message)" : "\(request): \(what): \(message)"
    }
}

extension KubernetesError {
    init(_ error: HTTPError) {
        let kind: Kind =
            switch error.kind {
            case .nameLookup, .connect, .tls, .connectionLost: .unreachable
            case .deadline: .timeout
            case .bodyTooLarge: .tooLarge
            case .invalidRequest: .badRequest
            case .cancelled, .shutDown: .cancelled
            }
        self.init(kind, error.message)
    }

    /// Reads a response with an error status. Its body is a Status object, or arbitrary text of a proxy.
    init(head: HTTPResponseHead, body: [UInt8]) {
        let answer = try? JSON(parsing: body, limits: KubernetesLimits.answer)
        let delay = head.header("Retry-After").flatMap(Int64.init).map(Duration.seconds)
        if let answer, answer["kind"] == "Status" || answer["reason"] != nil {
            self.init(status: head.status, answer: answer, retryAfter: delay)
        } else {
            let text = String(decoding: body.prefix(KubernetesLimits.quotedCharacters), as: UTF8.self)
                .split(whereSeparator: \.isNewline).joined(separator: " ")
            self.init(
                Kind(status: head.status, reason: ""),
                text.isEmpty ? "the server gave no details" : "the server said: \(text)",
                status: head.status,
                retryAfter: delay
            )
        }
    }

    /// Reads the Status object of a watch's ERROR event.
    init(statusObject: JSON) {
        self.init(status: statusObject["code"]?.intValue ?? 500, answer: statusObject, retryAfter: nil)
    }

    private init(status: Int, answer: JSON, retryAfter: Duration?) {
        let reason = answer["reason"]?.stringValue ?? ""
        let details = answer["details"]
        let causes = (details?["causes"]?.arrayValue ?? []).map { cause in
            Cause(
                field: (cause["field"]?.stringValue ?? "").cleaned,
                reason: (cause["reason"]?.stringValue ?? "").cleaned,
                message: (cause["message"]?.stringValue ?? "").cleaned
            )
        }
        let delay = details?["retryAfterSeconds"]?.intValue.flatMap { $0 > 0 ? Duration.seconds($0) : nil }
        self.init(
            Kind(status: status, reason: reason),
            answer["message"]?.stringValue?.shortened(to: KubernetesLimits.messageCharacters)
                ?? "the server gave no details",
            status: status,
            reason: reason,
            causes: causes,
            retryAfter: retryAfter ?? delay
        )
    }
}

extension KubernetesError.Kind {
    init(status: Int, reason: String) {
        switch status {
        case 400: self = .badRequest
        case 401: self = .unauthorized
        case 403: self = .forbidden
        case 404: self = .notFound
        case 409: self = reason == "AlreadyExists" ? .alreadyExists : .conflict
        case 410: self = .gone
        case 422: self = .invalid
        case 429: self = .tooManyRequests
        case 504: self = .timeout
        case 500...599: self = reason == "Expired" ? .gone : .serverError
        default: self = .rejected
        }
    }
}
