import WireFormats

/// What the webhooks of one request have said so far, and what they are still to be asked.
struct Admission: Sendable {
    /// Who makes the request.
    var user = User.anonymous
    var answered: [AnsweredReview] = []
    var missing: [OpenReview] = []
    /// What the server made up for a new object: webhooks and clients see the same.
    var uid: String?
    var nameUID: String?

    var isComplete: Bool { missing.isEmpty }
}

/// A change that webhooks may have a say in.
struct AdmissionChange {
    enum Operation: String {
        case create = "CREATE"
        case update = "UPDATE"
        case delete = "DELETE"
    }

    let operation: Operation
    let name: String
    /// As it is to be, with its type; nil for a deletion.
    let object: JSON?
    /// As it was; nil for a creation.
    let oldObject: JSON?

    init(_ operation: Operation, name: String, object: JSON? = nil, oldObject: JSON? = nil) {
        self.operation = operation
        self.name = name
        self.object = object
        self.oldObject = oldObject
    }
}

/// A review that a webhook is to give.
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

/// What a webhook said.
struct AnsweredReview: Sendable {
    let webhook: String
    let request: JSON
    let verdict: WebhookVerdict

    func isAbout(_ request: JSON, by webhook: Webhook) -> Bool {
        self.webhook == webhook.identity && self.request == Self.essence(of: request)
    }

    /// Returns a request without the times in it, which move on while the webhook thinks.
    static func essence(of request: JSON) -> JSON {
        var essence = request
        for object in ["object", "oldObject"] where essence[object]?.objectValue != nil {
            essence.set(nil, at: object, "metadata", "managedFields")
            essence.set(nil, at: object, "metadata", "creationTimestamp")
        }
        return essence
    }
}
