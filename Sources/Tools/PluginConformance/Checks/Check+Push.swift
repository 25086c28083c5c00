import PluginProtocol
import WireFormats

extension Check {
    static let push: [Check] = [
        Check(.subscribe, .pushedReading, .onlySubscribed, .pushRate) { context throws(Stop) in
            try requirePush(context)
            let config = try context.goodConfig()
            let wrong = try context.valueParams(context.withUnknownKey(config))
            if try context.call(.subscribe, wrong).error == nil {
                context.note(.subscribe, "a config with an unknown key is subscribed to", evidence: wrong)
            }
            let params = try context.valueParams(config)
            let session = try context.session()
            let id = session.send(ProtocolMethod.subscribe.rawValue, params)
            let reply = try context.reply(session.answer(to: id, within: context.times.deadline), .subscribe)
            if let error = reply.error {
                if error.kind == .methodNotFound || error.kind == .invalidParams {
                    context.note(.subscribe, "subscribe is refused", evidence: error.json)
                }
                context.noteInternal(error, .subscribe)
                throw .skip(
                    "subscribe is answered with an error, which is allowed (\(error.summary)): give --config of a source "
                        + "that pushes")
            }
            session.opens(id)
            let hasValue = try context.call(.getMetricValue, params).error == nil
            let pushed = session.pushes(of: id, within: hasValue ? context.times.deadline : ConformanceLimits.quietTime)
            if hasValue, pushed.isEmpty {
                context.note(.pushedReading, "no reading comes, though the source has a value")
            }
            for json in pushed { judgePush(json, context) }
            try end(id, session, context)
        },
        Check(.unsubscribe) { context throws(Stop) in
            try requirePush(context)
            // The id of a request that was not a subscription.
            let params: JSON = ["subscription": 1]
            if let error = try context.call(.unsubscribe, params).error {
                context.note(
                    .unsubscribe, "an id that is not subscribed is answered with an error", evidence: error.json)
            }
        },
    ]

    private static func requirePush(_ context: CheckContext) throws(Stop) {
        guard context.handshake?.capabilities.subscribe == true else {
            throw .skip("the plugin has no capability subscribe")
        }
    }

    static func judgePush(_ json: JSON, _ context: CheckContext) {
        do throws(JSONPathError) {
            let reading = try PushedReading(JSONReader(json)).reading
            if let fault = ReadingChecker.faultOfTime(reading, context) {
                context.note(.pushedReading, fault.message, evidence: json, fix: fault.fix)
            }
        } catch {
            context.note(
                .pushedReading, "the reading is invalid: \(error)", evidence: json, fix: Fix.of(error, in: json))
        }
    }

    /// Unsubscribes, and checks whether further readings arrive.
    private static func end(_ id: Int64, _ session: Conversation, _ context: CheckContext) throws(Stop) {
        let request = session.send(ProtocolMethod.unsubscribe.rawValue, ["subscription": .integer(id)])
        let answer = session.answer(to: request, within: context.times.validate)
        session.closes(id)
        if let error = try context.reply(answer, .unsubscribe).error {
            context.note(.unsubscribe, "unsubscribe is answered with an error", evidence: error.json)
        }
        session.listenForMore()
    }
}
