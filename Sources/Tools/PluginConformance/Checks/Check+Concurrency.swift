import PluginProtocol
import WireFormats

extension Check {
    static let concurrency: [Check] = [
        Check(.boundedResources) { context throws(Stop) in
            try ResourceCheck.openFiles(context)
            try ResourceCheck.memory(context)
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
