import WireFormats

/// How much of a server's own words a message repeats.
package enum Quoting {
    static let maxCharacters = 500
    /// Of a body that is not what was asked for.
    static let maxBodyBytes = 200

    /// At most so much of the server's own words, on one line.
    package static func shortened(_ text: String) -> String {
        String(text.shortened(to: maxCharacters, ellipsis: "...").map { $0.isNewline ? " " : $0 })
    }

    /// The start of a body that is not what was asked for.
    package static func quote(_ body: [UInt8]) -> String {
        if body.isEmpty { return "an empty body" }
        let text = shortened(String(decoding: body.prefix(maxBodyBytes), as: UTF8.self))
        return "\"\(text)\"" + (body.count > maxBodyBytes ? " and \(body.count - maxBodyBytes) bytes more" : "")
    }
}
