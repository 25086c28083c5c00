import Glibc
import PluginProtocol
import WireFormats

extension Check {
    static let exit: [Check] = [
        Check(.endOfInput, .nothingLeft) { context throws(Stop) in
            let idle = try context.fresh()
            defer { idle.process.kill() }
            expectExit(idle, .endOfInput, "the end of its input", context)
            let busy = try context.fresh()
            defer { busy.process.kill() }
            // Without a config that works the call fails, which is over as soon.
            _ = busy.send("get_metric_value", try context.valueParams(context.anyConfig()))
            expectExit(busy, .endOfInput, "the end of its input with a call in flight", context)
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
                expectExit(conversation, .shutdown, "shutdown", closingInput: false, context)
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

    private static func expectExit(
        _ conversation: Conversation, _ rule: RuleID, _ cause: String, closingInput: Bool = true,
        _ context: CheckContext
    ) {
        let process = conversation.process
        if closingInput { process.closeInput() }
        let grace = ProtocolLimits.exitGrace
        switch process.waitForExit(until: .now + grace + ConformanceLimits.slack) {
        case .code(0): context.lookForLeftovers(conversation)
        case nil:
            let message = "it still runs \(Conversation.text(grace)) after \(cause)"
            context.log.note(Finding(rule, message, isHang: true))
        case let exit?:
            let words = process.standardError.lastLine.map { "; its last words: \($0)" } ?? ""
            context.note(rule, "it \(exit) after \(cause)\(words)")
        }
    }
}
