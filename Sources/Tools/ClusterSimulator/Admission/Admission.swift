import WireFormats

/// The answers of a request's webhooks so far, and the calls to be made.
struct Admission: Sendable {
    /// The user of the request.
    var user = User.anonymous
    var answered: [AnsweredReview] = []
    var missing: [OpenReview] = []
    /// The generated UID of a new object, which webhooks and clients both see.
    var uid: String?
    var nameUID: String?

    var isComplete: Bool { missing.isEmpty }
}

/// A change that webhooks review.
struct AdmissionChange {
    enum Operation: String {
        case create = "CREATE"
        case update = "UPDATE"
        case delete = "DELETE"
    }

    let operation: Operation
    let name: String
    /// The new object, with its type; nil for a deletion.
    let object: JSON?
    /// The old object; nil for a creation.
    let oldObject: JSON?

    init(_ operation: Operation, name: String, object: JSON? = nil, oldObject: JSON? = nil) {
        self.operation = operation
        self.name = name
        self.object = object
        self.oldObject = oldObject
    }
}

/// A review that has not been answered.
struct OpenReview: Sendable {
    let webhook: Webhook
    let uid: String
    /// `request` of the AdmissionReview, without its uid.
    let request: JSON
    let call: WebhookCall

    func answered(_ outcome: WebhookOutcome) -> AnsweredReview {
        AnsweredReview(
            webhook: webhook.identity, request: AnsweredReview.essence(of: request),
            verdict: WebhookVerdict(outcome, of: webhook, uid: uid, url: call.name))
    }
}

/// A webhook's answer.
struct AnsweredReview: Sendable {
    let webhook: String
    let request: JSON
    let verdict: WebhookVerdict

    func isAbout(_ request: JSON, by webhook: Webhook) -> Bool {
        self.webhook == webhook.identity && self.request == Self.essence(of: request)
    }

    /// Returns a request without its times, which change between rounds.
    static func essence(of request: JSON) -> JSON {
        var essence = request
        for object in ["object", "oldObject"] where essence[object]?.objectValue != nil {
            essence.set(nil, at: object, "metadata", "managedFields")
            essence.set(nil, at: object, "metadata", "creationTimestamp")
        }
        return essence
    }
}
