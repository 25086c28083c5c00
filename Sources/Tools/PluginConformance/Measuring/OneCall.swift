import PluginHost
package import PluginProtocol
package import WireFormats

/// A single call to a plugin, to show its answer.
package struct OneCall: Sendable {
    package enum Method: String, CaseIterable, Sendable {
        case initialize
        case validate
        case value
        case range
    }

    package enum Outcome: Sendable {
        case result(JSON)
        /// The error object of the answer.
        case error(JSON)
        /// The reason why there is no answer.
        case noAnswer([Finding])
    }

    /// The params that were sent.
    package let params: JSON
    package let outcome: Outcome
    /// The time from the request to its answer.
    package let duration: Duration
    package let standardError: [UInt8]

    /// The duration for a person, such as `17 ms`.
    package var time: String { Conversation.text(duration) }

    /// Starts the plugin, completes the handshake, makes the call and ends the plugin.
    package static func make(
        _ command: PluginCommand, _ method: Method, options: CheckOptions, targetType: TargetType?
    ) throws(LaunchError) -> OneCall {
        let context = CheckContext(command, options: options)
        defer { context.endSession() }
        var params = CheckContext.initialize()
        var start = ContinuousClock.now
        do throws(Stop) {
            let handshake = try context.firstHandshake()
            guard method != .initialize else {
                return context.shown(params, .result(handshake), since: start)
            }
            params = try context.params(method, options.config ?? [:], targetType)
            start = .now
            let outcome: Outcome =
                switch try context.call(method.protocolMethod, params) {
                case .result(let json): .result(json)
                case .error(let error): .error(error.json)
                }
            return context.shown(params, outcome, since: start)
        } catch {
            if case .launch(let error) = error { throw error }
            return context.shown(params, .noAnswer(context.log.findings), since: start)
        }
    }
}

extension OneCall.Method {
    var protocolMethod: ProtocolMethod {
        switch self {
        case .initialize: .initialize
        case .validate: .validateConfig
        case .value: .getMetricValue
        case .range: .getMetricRange
        }
    }
}

extension CheckContext {
    /// The call as a person may see it: with the config's secrets masked.
    fileprivate func shown(
        _ params: JSON, _ outcome: OneCall.Outcome, since start: ContinuousClock.Instant
    ) -> OneCall {
        let duration = ContinuousClock.now - start
        let shown: OneCall.Outcome =
            switch outcome {
            case .result(let json): .result(log.mask.masked(json))
            case .error(let json): .error(log.mask.masked(json))
            case .noAnswer: outcome
            }
        return OneCall(
            params: log.mask.masked(params), outcome: shown, duration: duration,
            standardError: log.mask.masked(standardError))
    }

    func params(_ method: OneCall.Method, _ config: JSON, _ targetType: TargetType? = nil) throws(Stop) -> JSON {
        switch method {
        case .initialize: return Self.initialize()
        case .validate: return try validateParams(config)
        case .value: return try valueParams(config, targetType: targetType)
        case .range: return try rangeParams(config, targetType: targetType, window: Self.lastHour())
        }
    }
}
