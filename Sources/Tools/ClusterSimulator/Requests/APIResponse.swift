package import WireFormats

/// A response: a complete body, or a watch with further frames.
package struct APIResponse: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        case watch(WatchSubscription)
    }

    package var status: Int
    package var contentType = "application/json"
    package var warnings: [String] = []
    package var retryAfterSeconds: Int?
    package var body: Body

    package init(_ status: Int, bytes: [UInt8], contentType: String = "application/json") {
        self.status = status
        self.contentType = contentType
        body = .bytes(bytes)
    }

    package init(_ status: Int, json: JSON) {
        self.init(status, bytes: json.encoded())
    }

    package init(watch subscription: WatchSubscription) {
        status = 200
        body = .watch(subscription)
    }

    package init(_ error: StatusError) {
        self.init(error.code, json: error.body)
        retryAfterSeconds = error.retryAfterSeconds
        if error.isUntyped { contentType = "text/plain; charset=utf-8" }
    }

    static func text(_ status: Int, _ text: String) -> APIResponse {
        APIResponse(status, bytes: Array(text.utf8), contentType: "text/plain; charset=utf-8")
    }

    /// The body as JSON; nil for a watch and for other text.
    package var json: JSON? {
        guard case .bytes(let bytes) = body else { return nil }
        return try? JSON(parsing: bytes)
    }
}
