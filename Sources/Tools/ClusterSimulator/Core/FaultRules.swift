import WireFormats

/// A fault rule of a test: the requests that it matches, how often, and its effect.
package struct FaultRule: Sendable {
    package enum Action: Sendable {
        /// The request is handled after this delay.
        case delay(Duration)
        /// The request is refused: 429 with Retry-After, 500, 503.
        case refuse(StatusError)
        /// A watch receives the error of a compacted resourceVersion: a 410 in a stream with status 200.
        case expireWatch
        /// The request is handled, and the connection closes before the response is complete.
        case breakAnswer
    }

    /// The verbs as in RequestInfo (`get`, `list`, `watch`, `create`, `update`, `patch`, `delete`); nil for all.
    package var verbs: Set<String>?
    /// The plural of the resource; nil for all.
    package var resource: String?
    package var subresource: String?
    package var name: String?
    /// The number of matching requests until the rule is removed; nil for no limit.
    package var remaining: Int?
    package var action: Action

    package init(
        _ action: Action, verbs: Set<String>? = nil, resource: String? = nil, subresource: String? = nil,
        name: String? = nil, times remaining: Int? = nil
    ) {
        self.action = action
        self.verbs = verbs
        self.resource = resource
        self.subresource = subresource
        self.name = name
        self.remaining = remaining
    }

    func hits(_ info: RequestInfo) -> Bool {
        verbs?.contains(info.verb) ?? true && resource.map { $0 == info.resource } ?? true
            && subresource.map { $0 == info.subresource } ?? true && name.map { $0 == info.name } ?? true
    }
}

extension FaultRule {
    /// Returns a 429 with Retry-After.
    package static func tooManyRequests(retryAfterSeconds: Int) -> Action {
        var error = StatusError(
            429, "TooManyRequests", "Too many requests, please try again later.", details: [:])
        error.retryAfterSeconds = retryAfterSeconds
        return .refuse(error)
    }

    package static let internalError = Action.refuse(
        StatusError(500, "InternalError", "Internal error occurred: injected fault", details: [:]))
}

/// The combined effect of the fault rules on a request.
package struct FaultVerdict: Sendable {
    /// The delay before anything else.
    package var delay: Duration?
    /// The response in place of handling the request.
    package var answer: APIResponse?
    package var breaksAnswer = false
}

/// The active fault rules. All delays are added; the first other match applies.
struct FaultRules: Sendable {
    private(set) var rules: [FaultRule] = []

    mutating func add(_ rule: FaultRule) {
        precondition(rules.count < Limits.faultRules, "more than \(Limits.faultRules) fault rules")
        rules.append(rule)
    }

    mutating func removeAll() { rules = [] }

    mutating func judge(_ info: RequestInfo) -> FaultVerdict {
        var verdict = FaultVerdict()
        var isDecided = false
        for index in rules.indices where rules[index].hits(info) && rules[index].remaining != 0 {
            switch rules[index].action {
            case .delay(let duration): verdict.delay = (verdict.delay ?? .zero) + duration
            case _ where isDecided: continue
            case .refuse(let error): verdict.answer = APIResponse(error)
            case .expireWatch:
                guard info.verb == "watch" else { continue }
                verdict.answer = APIResponse(watch: .failing(.expired("too old resource version")))
            case .breakAnswer: verdict.breaksAnswer = true
            }
            if case .delay = rules[index].action {} else { isDecided = true }
            if let remaining = rules[index].remaining { rules[index].remaining = remaining - 1 }
        }
        rules.removeAll { $0.remaining == 0 }
        return verdict
    }
}

extension ServerState {
    mutating func admit(_ request: APIRequest) -> FaultVerdict {
        guard let info = RequestInfo(request) else { return FaultVerdict() }
        let verdict = faults.judge(info)
        if let answer = verdict.answer { log.record(request, status: answer.status, at: now) }
        return verdict
    }
}
