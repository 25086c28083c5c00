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
    case rejectedLine(excerpt: String, reason: String)
    /// A temporary directory could not be removed: which, and why.
    case leftBehind(String)
}

/// Foreign bytes, made fit to stand in a message.
enum Excerpt {
    /// What stands in place of the rest of a text.
    static let ellipsis = "…"

    /// The first characters, control characters and broken UTF-8 replaced.
    static func of(_ bytes: UnsafeRawBufferPointer) -> String {
        let isCut = bytes.count > PluginHostLimits.maxExcerpt
        let text = String(decoding: bytes.prefix(PluginHostLimits.maxExcerpt), as: UTF8.self)
        return printable(text) + (isCut ? ellipsis : "")
    }

    /// As much of a plugin's own words as an error repeats.
    static func shortened(_ text: String) -> String {
        text.shortened(to: PluginHostLimits.maxMessageCharacters, ellipsis: ellipsis)
    }

    /// The text with each control character, a line break among them, replaced.
    static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var result = ""
        result.unicodeScalars.append(contentsOf: text.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 })
        return result
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .control && scalar != "\t"
    }
}
