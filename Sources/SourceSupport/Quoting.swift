import WireFormats

/// Quotes of a server's messages, with limits.
package enum Quoting {
    /// More than the host shows of a message: the host removes secrets before it cuts, which it could not do with a
    /// secret that was cut here.
    static let maxCharacters = 4_096
    /// Of a body that is not what was asked for.
    static let maxBodyBytes = 4_096

    /// Returns a server's message on one line, shortened to ``maxCharacters``.
    package static func shortened(_ text: String) -> String {
        text.shortened(to: maxCharacters, ellipsis: "...").cleaned
    }

    /// Returns the start of a body that is not what was asked for.
    package static func quote(_ body: [UInt8]) -> String {
        if body.isEmpty { return "an empty body" }
        let text = shortened(String(decoding: body.prefix(maxBodyBytes), as: UTF8.self))
        return "\"\(text)\"" + (body.count > maxBodyBytes ? " and \(body.count - maxBodyBytes) bytes more" : "")
    }
}
