import ClusterSimulator
import TestSupport
import WireFormats

/// A fault of the API server for a number of requests.
struct ClusterFault {
    enum Kind: String, CaseIterable {
        /// 429 with Retry-After.
        case tooManyRequests
        case internalError
        case unavailable
        case slow
        /// Requests are processed, and their responses are truncated.
        case brokenAnswers
        case cutWatches
        /// Watches are cut and receive 410 when they resume.
        case expiredWatches
        /// Watches are cut, and the versions from which they could resume are dropped, so that everything is listed
        /// again.
        case relist
    }

    private static let mostRequests = 20
    private static let mostMilliseconds = 5_000
    private static let retryAfterSeconds = 1

    let kind: Kind
    let requests: Int
    /// The delay of ``Kind/slow``.
    let milliseconds: Int

    init(using random: inout SplitMix64) {
        kind = Kind.allCases.randomElement(using: &random) ?? .slow
        requests = .random(in: 1...Self.mostRequests, using: &random)
        milliseconds = .random(in: 1...Self.mostMilliseconds, using: &random)
    }

    init?(_ command: JSON) {
        guard let kind = command["kind"]?.stringValue.flatMap(Kind.init(rawValue:)),
            let requests = command["requests"]?.intValue, let milliseconds = command["milliseconds"]?.intValue
        else { return nil }
        (self.kind, self.requests, self.milliseconds) = (kind, requests, milliseconds)
    }

    var command: JSON {
        [
            "do": "fault", "kind": .string(kind.rawValue), "requests": .integer(Int64(requests)),
            "milliseconds": .integer(Int64(milliseconds)),
        ]
    }

    func begin(in api: APIServer) {
        api.removeFaults()
        switch kind {
        case .tooManyRequests: hit(FaultRule.tooManyRequests(retryAfterSeconds: Self.retryAfterSeconds), in: api)
        case .internalError: hit(FaultRule.internalError, in: api)
        case .unavailable: hit(.refuse(StatusError(503, "ServiceUnavailable", "injected fault")), in: api)
        case .slow: hit(.delay(.milliseconds(milliseconds)), in: api)
        case .brokenAnswers: hit(.breakAnswer, in: api)
        case .cutWatches: api.cutWatches()
        case .expiredWatches:
            api.addFault(FaultRule(.expireWatch, verbs: ["watch"], times: requests))
            api.cutWatches()
        case .relist:
            api.compact()
            api.cutWatches()
        }
    }

    private func hit(_ action: FaultRule.Action, in api: APIServer) {
        api.addFault(FaultRule(action, times: requests))
    }
}
