import WireFormats

/// The effect of a webhook's answer, or of a missing answer, with the rules and messages of the real server.
struct WebhookVerdict: Sendable {
    private(set) var warnings: [String] = []
    private(set) var refusal: StatusError?

    init(_ outcome: WebhookOutcome, of webhook: Webhook, uid: String, url: String) {
        switch outcome {
        case .failure(let why): fail("failed to call webhook: Post \(JSON.string(url)): \(why)", webhook)
        case .answer(let status, _) where !(200..<300).contains(status):
            fail("failed to call webhook: \(Self.message(ofStatus: status))", webhook)
        case .answer(_, let body): read(body, webhook, uid)
        }
    }

    /// Creates the verdict for an unreachable webhook.
    init(unreachable why: String, _ webhook: Webhook) {
        fail("failed to call webhook: \(why)", webhook)
    }

    private mutating func fail(_ why: String, _ webhook: Webhook) {
        if webhook.ignoresFailures { return }
        let cause = "failed calling webhook \(JSON.string(webhook.name)): \(why)"
        refusal = StatusError(
            500, "InternalError", "Internal error occurred: \(cause)",
            details: ["causes": [["message": .string(cause)]]])
    }

    private mutating func read(_ body: [UInt8], _ webhook: Webhook, _ uid: String) {
        let review: JSON
        do {
            review = try JSON(parsing: body)
        } catch {
            return fail("failed to call webhook: the answer is not JSON: \(error)", webhook)
        }
        guard let response = review["response"], response.objectValue != nil else {
            return fail("webhook response was absent", webhook)
        }
        let answered = response.string("uid") ?? ""
        guard answered == uid else {
            return fail("expected response.uid=\(JSON.string(uid)), got \(JSON.string(answered))", webhook)
        }
        let (version, kind) = (review.string("apiVersion") ?? "", review.string("kind") ?? "")
        guard version == AdmissionReview.apiVersion, kind == AdmissionReview.kind else {
            return fail(
                """
                expected webhook response of \(AdmissionReview.apiVersion), Kind=\(AdmissionReview.kind), got \(version), \
                Kind=\(kind)
                """, webhook)
        }
        warnings = response["warnings"]?.arrayValue?.compactMap(\.stringValue) ?? []
        if response["allowed"] != true { refuse(response["status"] ?? [:], webhook) }
    }

    private mutating func refuse(_ status: JSON, _ webhook: Webhook) {
        let denied = "admission webhook \(JSON.string(webhook.name)) denied the request"
        let reason = status.string("reason").flatMap { $0.isEmpty ? nil : $0 }
        let message = status.string("message").flatMap { $0.isEmpty ? nil : $0 }
        let code = status.int("code") ?? 0
        refusal = StatusError(
            // A refusal must not have a code of success.
            code < 400 ? 400 : code, reason,
            (message ?? reason).map { "\(denied): \($0)" } ?? "\(denied) without explanation",
            details: status["details"])
    }

    /// Returns the real server's message for a response without a review.
    private static func message(ofStatus status: Int) -> String {
        switch status {
        case 400: "the server rejected our request for an unknown reason"
        case 401: "the server has asked for the client to provide credentials"
        case 403: "forbidden: unknown"
        case 404: "the server could not find the requested resource"
        case 405: "the server does not allow this method on the requested resource"
        case 413: "Request entity too large: limit is unknown"
        case 429: "the server has received too many requests and has asked us to try again later"
        case 503: "the server is currently unable to handle the request"
        case 504:
            "the server was unable to return a response in the time allotted, but may still be processing the request"
        case 500...: "an error on the server (\"unknown\") has prevented the request from succeeding"
        default: "the server responded with the status code \(status) but did not return more information"
        }
    }
}
