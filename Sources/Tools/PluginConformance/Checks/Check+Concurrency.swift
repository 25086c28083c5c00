import PluginProtocol
import WireFormats

extension Check {
    static let concurrency: [Check] = [
        Check(.boundedResources) { context throws(Stop) in
            let config = try context.goodConfig()
            let session = try context.session()
            let process = session.process.id
            _ = try context.call(.getMetricValue, context.valueParams(config))
            let first = ResourceUse(of: process)
            let end = ContinuousClock.now + ConformanceLimits.manyCallsTime
            var calls = 0
            while calls < ConformanceLimits.resourceCalls, ContinuousClock.now < end, !session.isOver {
                _ = try context.call(.getMetricValue, context.valueParams(config))
                calls += 1
            }
            guard calls >= ConformanceLimits.minResourceCalls, let first, let last = ResourceUse(of: process) else {
                throw .skip(
                    "\(calls) calls in \(Conversation.text(ConformanceLimits.manyCallsTime)) are too few to measure growth"
                )
            }
            if last.openFiles > first.openFiles + ConformanceLimits.maxOpenFileGrowth {
                context.note(
                    .boundedResources, "\(last.openFiles - first.openFiles) more files are open after \(calls) calls")
            }
            if last.residentBytes > first.residentBytes + ConformanceLimits.maxResidentGrowth {
                let growth = (last.residentBytes - first.residentBytes) >> 20
                context.note(.boundedResources, "it uses \(growth) MiB more memory after \(calls) calls")
            }
        },
        Check(.inFlight) { context throws(Stop) in
            let advertised = context.handshake?.capabilities.maxInFlight ?? 1
            guard advertised > 1 else { throw .skip("maxInFlight is 1") }
            let count = min(advertised, ConformanceLimits.maxCallsAtOnce)
            let params = try context.valueParams(context.goodConfig())
            _ = try context.call(.getMetricValue, params)
            let session = try context.session()
            let ids = session.send(.getMetricValue, params, times: count)
            for id in ids {
                let answer = session.answer(to: id, within: context.times.deadline)
                if let error = try context.reply(answer, .getMetricValue).error, error.kind == .busy {
                    context.note(.inFlight, "with \(count) calls in flight one is answered busy", evidence: error.json)
                }
            }
        },
        Check(.cancel) { context throws(Stop) in
            guard context.handshake?.capabilities.cancel == true else {
                throw .skip("the plugin has no capability cancel")
            }
            let params = try context.valueParams(context.goodConfig())
            _ = try context.call(.getMetricValue, params)
            let session = try context.session()
            let id = session.send("get_metric_value", params)
            session.notify("cancel", ["id": .integer(id)])
            _ = try context.reply(session.answer(to: id, within: context.times.deadline), .getMetricValue)
            session.listenForMore()
        },
    ]
}
