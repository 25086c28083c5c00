package import PluginProtocol

/// The reason why a call to a plugin returned no usable answer.
package struct PluginFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// No installed plugin offers the metric type.
        case unknownType
        /// The plugin is installed but is not running.
        case notRunning
        /// The process ended before it answered.
        case crashed
        /// The plugin did not answer in time.
        case deadlineExceeded
        /// The plugin answered with an error.
        case answered(PluginError)
        /// The plugin's answer violates the protocol.
        case protocolViolation
        /// Too many calls are queued for this plugin.
        case busy
        /// The plugin lacks the capability that the call needs.
        case notSupported
        /// The config names a server that the administrator has not allowed.
        case addressRefused(ConfigProblem)
        /// The plugin crashed repeatedly while working on the config, which is quarantined.
        case quarantined
        /// The config makes the request longer than the plugin accepts.
        case requestTooLarge
        /// The caller's task was cancelled.
        case cancelled
    }

    package var kind: Kind
    /// The plugin's name; nil if no plugin is at fault.
    package var plugin: String?
    /// The failure and its fix for the caller. Contains no secret and, if the process is shared, no output of the
    /// plugin.
    package internal(set) var message: String
    /// A more detailed message for the log: the plugin's output, without any secret that the process knows.
    package internal(set) var logMessage: String?
    /// How long to wait before a retry, if known.
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

    /// The message for the log.
    package var logText: String { logMessage ?? message }
}

extension PluginFailure {
    /// The name of the kind in metrics and conditions: lower case, words joined by underscores.
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

    /// - Parameter error: the plugin's error, to be redacted by ``CallTexts``.
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
                + "author; plugin-check explain \(rule.label) shows the fix"
        }
        return PluginFailure(
            .protocolViolation, plugin: plugin, message(""), logMessage: words.map { message(": \($0)") })
    }
}
