import WireFormats

/// A note about a plugin for the operator's log.
enum PluginNote: Sendable, Hashable {
    /// A line of the plugin's stderr.
    case stderr(String)
    /// The number of lines over the rate limit.
    case suppressed(lines: Int)
    /// The notification `log`.
    case pluginLog(level: String?, text: String)
    /// The plugin's output begins with a byte order mark, which was ignored.
    case byteOrderMark
    /// A second answer to a request, or an answer without a request. The id is nil for an error without one.
    case extraAnswer(id: Int64?, isRepeated: Bool)
    case rejectedLine(excerpt: String, reason: String)
    /// A text of an answer that is withheld from the caller.
    case withheld(String)
    /// A temporary directory that could not be removed, with the reason.
    case leftBehind(String)
}

/// Formats text of a plugin for messages.
enum Excerpt {
    /// The replacement for the truncated rest of a text.
    static let ellipsis = "…"

    /// Returns the beginning of a line unchanged. It is truncated later, after the redaction of secrets.
    static func raw(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes.prefix(PluginHostLimits.maxUncutExcerptBytes), as: UTF8.self)
    }

    /// Shortens a plugin's message for an error.
    static func shortened(_ text: String) -> String {
        text.shortened(to: PluginHostLimits.maxMessageCharacters, ellipsis: ellipsis)
    }
}
