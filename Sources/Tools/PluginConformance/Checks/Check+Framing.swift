import PluginHost
import PluginProtocol
import WireFormats

extension Check {
    static let framing: [Check] = [
        Check(.longestRequest) { context throws(Stop) in
            let limit = context.handshake?.capabilities.maxRequestBytes ?? ProtocolLimits.maxRequestBytes
            let bare = try context.validateParams(["xPadding": ""])
            let session = context.command.isOneshot ? nil : try context.session()
            // The id and the rest of the line, as they are about to be sent.
            let overhead = ##"{"id":0000000000,"jsonrpc":"2.0","method":"validate_config","params":}"##.utf8.count
            let room = limit - overhead - bare.encoded().count
            let config: JSON = ["xPadding": .string(String(repeating: "x", count: room))]
            if session?.process.unreadBytes ?? 0 > 0 {
                throw .skip("the plugin does not read: see \(RuleID.readsOn.label)")
            }
            if case .valid = try context.validate(config) {
                context.note(.longestRequest, "a config with an unknown key of \(room) bytes is valid")
            }
        },
        Check(.escapedText) { context throws(Stop) in
            let config: JSON = ["x\u{2028}\u{85}\u{1F40B}\"\\\n": "\u{2029}\u{0}\u{7F}é"]
            if case .valid = try context.validate(config) {
                context.note(.escapedText, "a config with an unknown key of many characters is valid", evidence: config)
            }
        },
        Check(.unknownMethod) { context throws(Stop) in
            let reply: CheckContext.Reply
            if context.command.isOneshot {
                reply = try context.single("x_unknown", [:], known: nil)
            } else {
                let session = try context.session()
                let id = session.send("x_unknown", [:])
                reply = try context.reply(session.answer(to: id, within: context.times.validate), nil)
            }
            switch reply {
            case .result(let json): context.note(.unknownMethod, "x_unknown has a result", evidence: json)
            case .error(let error) where error.kind != .methodNotFound:
                context.note(
                    .unknownMethod, "the error is \(error.code.map(String.init) ?? "without a code"), not -32601",
                    evidence: error.json, fix: #"write "code": -32601 into the error"#)
            case .error: break
            }
        },
        Check(.notifications) { context throws(Stop) in
            let session = try context.session()
            session.notify("x_unknown", ["a": 1])
            session.notify("cancel", ["id": 9_007_199_254_740_991])
            session.listenForMore(expectingNothing: true)
            _ = try context.validate(context.anyConfig())
        },
        Check(.secretsUnseen) { context throws(Stop) in
            let canary = "canary-\(UInt64.random(in: .min ... .max))"
            let configs = try context.configs(withSecret: canary)
            if configs.isEmpty { throw .skip("the schema has no field with x-secret") }
            let session = try context.session()
            let finder = ConfigMask(secret: canary)
            session.canary = finder
            defer { session.canary = nil }
            for config in configs {
                _ = try context.validate(config)
                _ = try context.call(.getMetricValue, context.valueParams(config))
            }
            session.listenForMore()
            if finder.findsSecret(in: session.process.standardError.bytes) {
                context.note(.secretsUnseen, "standard error holds the secret that was sent")
            }
        },
    ]

    /// Rules that apply to every message of every check.
    static let everyMessage = Check(
        .oneObjectPerLine, .utf8, .responseShape, .oneAnswer, .longestAnswer, .errorShape, .standardError, .readsOn,
        .staysAlive
    ) { context throws(Stop) in
        defer { context.endSession() }
        if !context.command.isOneshot { try context.session().listenForMore() }
        if context.answeredCalls == 0 { throw .skip("no call was answered") }
    }
}
