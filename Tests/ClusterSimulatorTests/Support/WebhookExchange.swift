import ClusterSimulator
import WireFormats

/// A request with webhooks, whose part the test plays.
struct WebhookExchange {
    let answer: Answer
    let calls: [WebhookCall]

    /// The `request` of each review sent.
    var reviews: [JSON] { calls.compactMap { try? JSON(parsing: $0.body)["request"] } }
}

extension TestServer {
    /// - Parameters:
    ///   - first: returns a webhook's answer to a review's `request`.
    ///   - second: the same for the second of two webhooks.
    func exchange(
        _ method: String, _ target: String, _ body: JSON? = nil, _ contentType: String = "application/json",
        _ first: (JSON) -> WebhookOutcome, second: ((JSON) -> WebhookOutcome)? = nil
    ) -> WebhookExchange {
        let headers = ["content-type": contentType, "user-agent": "tests/1.0"]
        let request = APIRequest(method, target, headers: headers, body: body?.encoded() ?? [])
        var calls: [WebhookCall] = []
        var step = api.begin(request)
        while true {
            switch step {
            case .answer(let response): return WebhookExchange(answer: Answer(response), calls: calls)
            case .ask(let pending):
                calls += pending.calls
                var outcomes: [WebhookOutcome] = []
                for call in pending.calls {
                    let review = (try? JSON(parsing: call.body)["request"]) ?? .null
                    if let second, !outcomes.isEmpty {
                        outcomes.append(second(review))
                    } else {
                        outcomes.append(first(review))
                    }
                }
                step = api.resume(pending, outcomes)
            }
        }
    }
}

extension WebhookOutcome {
    static func allowing(_ request: JSON) -> WebhookOutcome {
        response(["uid": request["uid"] ?? "", "allowed": true])
    }

    static func refusing(_ request: JSON, _ message: String) -> WebhookOutcome {
        response(["uid": request["uid"] ?? "", "allowed": false, "status": ["message": .string(message)]])
    }

    static func response(_ response: JSON) -> WebhookOutcome {
        let review: JSON = [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response,
        ]
        return .answer(status: 200, body: review.encoded())
    }
}

extension JSON {
    /// The object in the test's namespace.
    var inTestNamespace: JSON {
        guard case .object(var members) = self, case .object(var metadata)? = members["metadata"] else { return self }
        metadata["namespace"] = "test"
        members["metadata"] = .object(metadata)
        return .object(members)
    }
}
