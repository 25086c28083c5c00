import WireFormats

/// Quotes of a server's messages, with limits.
package enum Quoting {
    /// More than the host's limit for a message, because the host redacts secrets before it truncates and cannot redact
    /// a secret that was truncated here.
    static let maxCharacters = 4_096
    /// Bytes of an unexpected body.
    static let maxBodyBytes = 4_096

    /// Returns a server's message on one line, shortened to ``maxCharacters``.
    package static func shortened(_ text: String) -> String {
        text.shortened(to: maxCharacters, ellipsis: "...").cleaned
    }

    /// Quotes the start of an unexpected body.
    package static func quote(_ body: [UInt8]) -> String {
        if body.isEmpty { return "an empty body" }
        let text = shortened(String(decoding: body.prefix(maxBodyBytes), as: UTF8.self))
        return "\"\(text)\"" + (body.count > maxBodyBytes ? " and \(body.count - maxBodyBytes) bytes more" : "")
    }
}
