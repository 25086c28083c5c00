import WireFormats

/// Something about a plugin that belongs in the operator's log.
enum PluginNote: Sendable, Hashable {
    /// A line of the plugin's stderr.
    case stderr(String)
    /// Lines that the plugin wrote faster than the log takes them.
    case suppressed(lines: Int)
    /// The notification `log`.
    case pluginLog(level: String?, text: String)
    /// The plugin's output begins with a byte order mark, which was forgiven.
    case byteOrderMark
    /// A second answer to a request, or an answer without a request. The id is nil for an error without one.
    case extraAnswer(id: Int64?, isRepeated: Bool)
    case rejectedLine(excerpt: String, reason: String)
    /// What the answer to a call said that its caller does not see.
    case withheld(String)
    /// A temporary directory could not be removed: which, and why.
    case leftBehind(String)
}

/// Text of a plugin, made fit to stand in a message.
enum Excerpt {
    /// The replacement for the rest of a text.
    static let ellipsis = "…"

    /// Returns the beginning of a line as the plugin wrote it. It is cut where it is shown, after secrets were removed.
    static func raw(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes.prefix(PluginHostLimits.maxUncutExcerptBytes), as: UTF8.self)
    }

    /// As much of a plugin's own words as an error repeats.
    static func shortened(_ text: String) -> String {
        text.shortened(to: PluginHostLimits.maxMessageCharacters, ellipsis: ellipsis)
    }
}
