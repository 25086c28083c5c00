import ClusterSimulator
import HTTPTransport
import PluginHost
import PluginProtocol
import WireFormats

// Faults of requests, watch events and readings.
extension SimulatedEnvironment {
    private static let requestFaults: [Fault] = [
        .tooManyRequests, .serverError, .slow, .requestLost, .answerLost, .lateArrival,
    ]
    private static let pluginFaults: [Fault] = [.pluginDown, .pluginHangs, .pluginLies, .noData]

    /// The percentage by which scale operations meet more faults than other requests, because they are few and most
    /// important.
    private static let scaleFaultsPercent = 12

    /// Returns one of the environment's faults with some probability.
    ///
    /// - Parameter times: the factor on the probability of a request.
    private func draw(_ candidates: [Fault], times: Int = 1) -> Fault? {
        guard isStormy, random.chance(perMille: times * plan.perMille) else { return nil }
        let possible = candidates.filter(plan.has)
        return possible.isEmpty ? nil : random.pick(possible)
    }

    func fate(of request: APIRequest) -> SimulatedNetwork.Fate {
        var fate = SimulatedNetwork.Fate(way: random.duration(1...4), wayBack: random.duration(1...4))
        if let way = wayOfLateScale(request) {
            fate.way = way
            return fate
        }
        let isUnlucky = isStormy && request.isScale && random.chance(percent: Self.scaleFaultsPercent)
        let unlucky: [Fault] = [.answerLost, .lateArrival, .requestLost].filter(plan.has)
        let fault = isUnlucky && !unlucky.isEmpty ? random.pick(unlucky) : draw(Self.requestFaults)
        switch fault {
        case .tooManyRequests:
            var answer = APIResponse(429, json: Self.status(429, "TooManyRequests"))
            answer.retryAfterSeconds = random.pick([nil, 1, 1, 2, 5])
            fate.request = .refused(answer)
        case .serverError:
            let code = random.pick([500, 503, 504])
            fate.request = .refused(APIResponse(code, json: Self.status(code, "InternalError")))
        case .slow:
            fate.way = random.duration(5...8_000)
            fate.wayBack = random.duration(5...8_000)
        case .requestLost:
            fate.request = .lost
        case .answerLost:
            fate.answer = random.chance(percent: 50) ? .broken : .lost
        case .lateArrival:
            fate.way = random.duration(4_000...70_000)
            if request.isScale { endLeaderOfLateScale() }
        default: break
        }
        if let fault { trace.add(timeline.now, "network", "\(fault.rawValue): \(request.method) \(request.path)") }
        return fate
    }

    private static func status(_ code: Int, _ reason: String) -> JSON {
        [
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": .string(reason),
            "message": "injected", "code": .integer(Int64(code)),
        ]
    }

    func watchFate() -> WatchPipe.Fate {
        var fate = WatchPipe.Fate(delay: random.duration(0...5))
        switch draw([.watchLate, .watchDuplicated, .watchReordered], times: 3) {
        case .watchLate:
            fate.delay = random.duration(100...20_000)
        case .watchDuplicated:
            fate.isDuplicated = true
        case .watchReordered:
            fate.delay = random.duration(100...20_000)
            fate.mayArriveOutOfOrder = true
        default: break
        }
        return fate
    }

    // MARK: Plugins

    /// Returns a plugin's answer for a series now, for that operator.
    func answer(of series: String, to replica: String) -> (SimulatedSource.Answer, after: Duration) {
        let delay = random.duration(1...20)
        guard let truth = self.series[series] else { return (Self.failure(.noData, "no such series"), delay) }
        if isStormy, let end = pluginDownUntil, timeline.now < end {
            return (.failure(PluginFailure(.notRunning, plugin: "test", "the plugin is down")), delay)
        }
        if isStormy, let end = emptyUntil[series], timeline.now < end {
            return (Self.failure(.noData, "the query found nothing"), delay)
        }
        let wall = SimulatedClock.epoch + timeline.now
        func reading(_ value: Double, age: Duration = .zero) -> SimulatedSource.Answer {
            let observedAt = wall - Timeline.microseconds(age)
            return .reading(MetricReading(value: value, observedAtMicroseconds: observedAt))
        }
        switch draw(Self.pluginFaults, times: 2) {
        case .pluginDown:
            return (.failure(PluginFailure(.crashed, plugin: "test", "the plugin crashed")), delay)
        case .pluginHangs:
            return random.chance(percent: 50)
                ? (.silence, delay) : (reading(truth.value), random.duration(1_000...15_000))
        case .noData:
            return (Self.failure(.noData, "the query found nothing"), delay)
        case .pluginLies:
            let lie = random.pick([.nan, .infinity, -.infinity, -3, -1e300, 1e300, 0, Series.target, 1e-300])
            let age = random.pick([Duration.zero, .seconds(600), .seconds(-600)])
            return (random.chance(percent: 50) ? reading(lie) : reading(truth.value, age: age), delay)
        default: return (reading(truth.value), delay)
        }
    }

    private static func failure(_ kind: PluginError.Kind, _ message: String) -> SimulatedSource.Answer {
        .failure(PluginFailure(.answered(PluginError(kind, message)), plugin: "test", message))
    }
}
