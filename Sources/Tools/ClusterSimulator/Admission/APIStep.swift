/// The progress of a request.
package enum APIStep: Sendable {
    case answer(APIResponse)
    /// Webhooks must be called before the request can continue.
    case ask(PendingRequest)
}

/// A request that waits for webhooks. Nothing has been stored yet.
package struct PendingRequest: Sendable {
    let request: APIRequest
    var admission = Admission()
    private(set) var round = 0

    init(request: APIRequest) { self.request = request }

    /// The webhooks to call, concurrently.
    package var calls: [WebhookCall] { admission.missing.map(\.call) }

    func answered(_ outcomes: [WebhookOutcome]) -> PendingRequest {
        precondition(outcomes.count == admission.missing.count, "one outcome for each call")
        var next = self
        next.round += 1
        next.admission.answered = zip(admission.missing, outcomes).map { $0.answered($1) }
        next.admission.missing = []
        return next
    }
}

/// A request to a webhook.
package struct WebhookCall: Sendable {
    /// The URL with the host to connect to. For a Service, the name in the certificate differs; see ``serverName``.
    package let url: String
    /// The name in errors: for a Service, the Service's name.
    let name: String
    /// The name to verify in place of the URL's host.
    package let serverName: String?
    /// PEM certificates to trust; nil for the system's.
    package let authorities: [UInt8]?
    package let timeout: Duration
    /// The AdmissionReview.
    package let body: [UInt8]
}

/// The outcome of a call to a webhook.
package enum WebhookOutcome: Sendable {
    /// A response, successful or not.
    case answer(status: Int, body: [UInt8])
    /// The reason why there is no response.
    case failure(String)
}
