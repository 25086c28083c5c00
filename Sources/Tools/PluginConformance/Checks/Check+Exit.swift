import Glibc
import PluginProtocol
import WireFormats

extension Check {
    static let exit: [Check] = [
        Check(.nothingLeft) { context throws(Stop) in
            _ = try context.metricType()
            // For a oneshot plugin, every call has checked this.
            if !context.command.isOneshot { context.end(try context.fresh()) }
        },
        Check(.endOfInput) { context throws(Stop) in
            context.end(try context.fresh())
            if context.isBroken(.getMetricValue) { return }
            let busy = try context.fresh()
            // Without a valid config the call fails, which ends as soon.
            _ = busy.send("get_metric_value", try context.valueParams(context.anyConfig()))
            busy.process.closeInput()
            context.expectExit(busy, .endOfInput, "the end of its input with a call in flight")
        },
        Check(.shutdown) { context throws(Stop) in
            let conversation = try context.fresh()
            defer { conversation.process.kill() }
            switch try context.reply(conversation.ask(.shutdown, [:]), .shutdown) {
            case .error(let error) where error.kind == .methodNotFound: return
            case .error(let error):
                context.note(.shutdown, "shutdown is answered with an error", evidence: error.json)
            case .result(let json):
                if json != [:] { context.note(.shutdown, "the result is not {}", evidence: json) }
                context.expectExit(conversation, .shutdown, "shutdown")
            }
        },
        Check(.terminate) { context throws(Stop) in
            let conversation = try context.fresh()
            defer { conversation.process.kill() }
            conversation.process.signal(SIGTERM)
            let grace = ConformanceLimits.terminateGrace
            if conversation.process.waitForExit(until: .now + grace + ConformanceLimits.slack) == nil {
                let message = "it still runs \(Conversation.text(grace)) after SIGTERM"
                context.log.note(Finding(.terminate, message, isHang: true))
            }
        },
    ]
}
