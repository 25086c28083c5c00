package import PluginProtocol

/// The reason why a call to a plugin gave no answer to work with.
package struct PluginFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// No installed plugin offers the metric type.
        case unknownType
        /// The plugin is installed but has no process that could be asked.
        case notRunning
        /// The process ended before it answered.
        case crashed
        /// No answer in time.
        case deadlineExceeded
        /// The plugin answered with an error.
        case answered(PluginError)
        /// The plugin's answer breaks the protocol.
        case protocolViolation
        /// Too many calls wait for this plugin already.
        case busy
        /// The plugin lacks the capability that the call needs.
        case notSupported
        /// The config names a server that the administrator has not allowed.
        case addressRefused(ConfigProblem)
        /// The plugin ended repeatedly while it worked on the config, which is kept from it for a while.
        case quarantined
        /// The config makes the request longer than the plugin takes.
        case requestTooLarge
        /// The caller's task was cancelled.
        case cancelled
    }

    package var kind: Kind
    /// The plugin's name; nil if no plugin is at fault.
    package var plugin: String?
    /// What happened, where, and what to do next, for the caller. Holds no secret, and of a process that serves others
    /// too nothing that it wrote.
    package internal(set) var message: String
    /// The message for the log, if it may say more: the plugin's own words, without any secret that
    /// the process knows.
    package internal(set) var logMessage: String?
    /// How long to wait until another try can succeed, if that is known.
    package var retryAfter: Duration?

    package init(
        _ kind: Kind, plugin: String?, _ message: String, logMessage: String? = nil, retryAfter: Duration? = nil
    ) {
        self.kind = kind
        self.plugin = plugin
        self.message = message
        self.logMessage = logMessage
        self.retryAfter = retryAfter
    }

    package var description: String { message }

    /// What happened, for the log.
    package var logText: String { logMessage ?? message }
}

extension PluginFailure {
    /// What the kind is called in metrics and conditions: lower case, words joined by underscores.
    package var reason: String {
        switch kind {
        case .unknownType: "unknown_type"
        case .notRunning: "plugin_not_running"
        case .crashed: "plugin_crashed"
        case .deadlineExceeded: "deadline_exceeded"
        case .answered(let error): error.kind.rawValue
        case .protocolViolation: "protocol_violation"
        case .busy: "busy"
        case .notSupported: "not_supported"
        case .addressRefused: "address_refused"
        case .quarantined: "quarantined"
        case .requestTooLarge: "request_too_large"
        case .cancelled: "cancelled"
        }
    }

    /// - Parameter error: as the plugin wrote it; ``CallTexts`` makes it fit to be seen.
    static func answered(_ error: PluginError, plugin: String, logMessage: String? = nil) -> PluginFailure {
        PluginFailure(
            .answered(error), plugin: plugin, "plugin \(plugin) answered \(error)", logMessage: logMessage,
            retryAfter: error.retryAfterMs.map { .milliseconds($0) })
    }

    /// - Parameter words: what the plugin wrote, for the log only.
    static func violation(
        _ rule: ProtocolRule, _ what: String, plugin: String, words: String? = nil
    ) -> PluginFailure {
        func message(_ detail: String) -> String {
            "plugin \(plugin) broke rule \(rule.label) of the plugin protocol: \(what)\(detail). Report it to the plugin's "
                + "author; plugin-check explain \(rule.label) tells the fix"
        }
        return PluginFailure(
            .protocolViolation, plugin: plugin, message(""), logMessage: words.map { message(": \($0)") })
    }
}
