import PluginProtocol
import WireFormats

// Answers of a plugin, and their delivery.
extension PluginConnection {
    mutating func answered(
        _ id: Int64, _ result: Result<PluginResult, PluginError>, now: Duration, _ actions: inout [Action]
    ) {
        guard let call = calls.sent(id) else {
            if isHandshaking { return handshakeAnsweredAs(id, &actions) }
            let isRepeated = id >= 1 && id < nextID
            if isRepeated { counters.duplicateAnswers += 1 } else { counters.unknownAnswers += 1 }
            actions.append(.log(.extraAnswer(id: id, isRepeated: isRepeated)))
            return
        }
        missedInRow = 0
        switch call.method {
        case .initialize: return handshake(id, result, &actions)
        case .subscribe, .unsubscribe: return subscriptionAnswered(id, call, result, now: now, &actions)
        default: break
        }
        latencies.record(call.latency(now: now))
        if call.isBatch { return batchAnswered(id, call, result, &actions) }
        do throws(JSONPathError) {
            switch result {
            case .success(let value):
                close(id, call, .success(try PluginAnswer(value, to: call.method)), &actions)
            case .failure(let error):
                close(id, call, .failure(.answered(error, plugin: plugin)), &actions)
            }
        } catch {
            let what = "its answer to \(call.method.rawValue) is invalid"
            let rule = ProtocolRule(answering: call.method, faultAt: error.path)
            close(id, call, .failure(violation(rule, what, "\(error)", in: call)), &actions)
        }
    }

    private mutating func batchAnswered(
        _ id: Int64, _ batch: CallTable.Call, _ result: Result<PluginResult, PluginError>, _ actions: inout [Action]
    ) {
        let answers: [Result<PluginAnswer, PluginFailure>]
        do throws(JSONPathError) {
            switch result {
            case .success(.json(let json)):
                let parsed = try MetricBatch(JSONReader(json)).answers
                guard parsed.count == batch.members.count else {
                    throw JSONReader(json, path: "answers").error("does not have one entry for each request")
                }
                answers = parsed.map { [plugin] in
                    $0.map { .reading($0) }.mapError { .answered($0, plugin: plugin) }
                }
            case .success(.reading): throw JSONReader(.null).error("is a single reading")
            case .failure(let error):
                answers = batch.members.map { _ in .failure(.answered(error, plugin: plugin)) }
            }
        } catch {
            let what = "its answer to \(batch.method.rawValue) is invalid"
            return fail(id, batch, violation(.batch, what, "\(error)", in: batch), &actions)
        }
        calls.remove(id)
        for (member, answer) in zip(batch.members, answers) { closeMember(member, answer, &actions) }
    }

    /// Ends a sent call, or all the calls of a batch.
    mutating func fail(
        _ id: Int64, _ call: CallTable.Call, _ failure: PluginFailure, _ actions: inout [Action]
    ) {
        guard call.isBatch else { return close(id, call, .failure(failure), &actions) }
        calls.remove(id)
        for member in call.members { closeMember(member, .failure(failure), &actions) }
    }

    private mutating func closeMember(
        _ id: Int64, _ answer: Result<PluginAnswer, PluginFailure>, _ actions: inout [Action]
    ) {
        guard calls.isBatched(id) else {
            counters.lateAnswers += 1
            return
        }
        calls.remove(id)
        counters.answers += 1
        actions.append(.complete(id, answer))
    }

    /// Ends a sent call, and informs its caller unless it has stopped waiting.
    mutating func close(
        _ id: Int64, _ call: CallTable.Call, _ result: Result<PluginAnswer, PluginFailure>, _ actions: inout [Action]
    ) {
        calls.remove(id)
        if call.isAbandoned {
            counters.lateAnswers += 1
        } else {
            counters.answers += 1
            actions.append(.complete(id, result))
        }
    }
}

extension ProtocolRule {
    /// The rule about the answer to a method.
    ///
    /// - Parameter path: what is wrong in the answer.
    fileprivate init(answering method: ProtocolMethod, faultAt path: String) {
        self =
            switch method {
            case .validateConfig: .validateShape
            case .getMetricValue where path == "value": .finiteValue
            case .getMetricValue where path == "observedAt": .observedAt
            case .getMetricValue where path == "usefulReplicas": .usefulReplicas
            case .getMetricValue where path == "active": .activity
            case .getMetricValue: .readingShape
            case .getMetricValues: .batch
            case .getMetricRange: .range
            case .subscribe, .unsubscribe: .subscribe
            case .initialize: .handshakeShape
            case .shutdown, .cancel, .log, .reading, .subscriptionEnded: .responseShape
            }
    }
}
