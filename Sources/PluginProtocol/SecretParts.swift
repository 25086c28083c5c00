/// The credentials inside a secret that is a URL or a connection string, such as the password of
/// `postgres://user:password@host/db`: a message can repeat them without the rest.
///
/// The SDKs of the other languages have the same rules, and the same vectors hold all of them to it.
package enum SecretParts {
    /// A shorter part occurs in ordinary words.
    static let minBytes = 8
    /// Parts of one secret; connection strings have one or two.
    static let maxParts = 16
    /// Keys that name a credential; a text with more is examined no further.
    static let maxNamedValues = 16
    /// A longer text is examined no further.
    static let maxExaminedBytes = 4_096

    /// The parts, as they are written and decoded.
    package static func of(_ secret: String) -> [String] {
        var finder = SecretPartFinder(Array(secret.utf8.prefix(maxExaminedBytes)))
        finder.findUserInfo()
        finder.findNamedValues()
        return finder.parts.map { String(decoding: $0, as: UTF8.self) }
    }
}

private struct SecretPartFinder {
    private let text: [UInt8]
    private(set) var parts: [[UInt8]] = []

    init(_ text: [UInt8]) {
        self.text = text
    }

    private mutating func add(_ part: some Collection<UInt8>) {
        let part = Array(part)
        for form in [part, Self.percentDecoded(part)]
        where form.count >= SecretParts.minBytes && form.count < text.count && !parts.contains(form)
            && parts.count < SecretParts.maxParts
        {
            parts.append(form)
        }
    }

    /// `user:password@` of a URL, or of an address without a scheme such as `user:password@tcp(host)`. A user without a
    /// password is often a token.
    mutating func findUserInfo() {
        let scheme = text.indices.first { text[$0...].starts(with: "://".utf8) }
        let rest = text[(scheme.map { $0 + 3 } ?? 0)...]
        let authority = rest.prefix { !"/?#".utf8.contains($0) }
        let isPlain = scheme != nil && authority.contains(UInt8(ascii: "@"))
        // A password may hold a slash that should have been escaped.
        guard let at = (isPlain ? authority : rest).lastIndex(of: UInt8(ascii: "@")) else { return }
        let info = rest[..<at]
        if let colon = info.firstIndex(of: UInt8(ascii: ":")) {
            add(info[(colon + 1)...])
        } else if isPlain {
            add(info)
        }
    }

    /// `password=...` of a query or a connection string, with whichever separator.
    mutating func findNamedValues() {
        var found = 0
        for equals in text.indices where text[equals] == UInt8(ascii: "=") && found < SecretParts.maxNamedValues {
            let key = text[..<equals].reversed().drop(while: Self.isBlank).prefix(while: Self.isKeyByte)
            guard Self.namesCredential(key.reversed()) else { continue }
            found += 1
            let value = text[(equals + 1)...].drop(while: Self.isBlank)
            switch value.first {
            case UInt8(ascii: "'"), UInt8(ascii: "\""): addQuoted(value)
            case UInt8(ascii: "{"): add(value.dropFirst().prefix { $0 != UInt8(ascii: "}") })
            default:
                for separators in [";", "&#", " \t\r\n", ","] {
                    add(value.prefix { !separators.utf8.contains($0) })
                }
            }
        }
    }

    /// A quote in the value is doubled, or stands behind a backslash.
    private mutating func addQuoted(_ value: ArraySlice<UInt8>) {
        guard let quote = value.first else { return }
        var index = value.startIndex + 1
        var plain: [UInt8] = []
        while index < value.endIndex {
            let next = index + 1 < value.endIndex ? value[index + 1] : nil
            if let next, value[index] == UInt8(ascii: "\\") || (value[index] == quote && next == quote) {
                plain.append(next)
                index += 2
            } else if value[index] == quote {
                break
            } else {
                plain.append(value[index])
                index += 1
            }
        }
        add(value[(value.startIndex + 1)..<min(index, value.endIndex)])
        add(plain)
    }

    private static func namesCredential(_ key: [UInt8]) -> Bool {
        let name = String(decoding: key.filter { !"_-.".utf8.contains($0) }, as: UTF8.self).lowercased()
        let endings = [
            "password", "passwd", "pwd", "passphrase", "secret", "token", "key", "credential", "signature",
        ]
        return ["pass", "sig", "auth"].contains(name) || endings.contains { name.hasSuffix($0) }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { " \t\r\n".utf8.contains(byte) }

    private static func isKeyByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_-.".utf8.contains(byte)
        }
    }

    private static func percentDecoded(_ text: [UInt8]) -> [UInt8] {
        var decoded: [UInt8] = []
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "%"), index + 2 < text.count,
                let high = Character(Unicode.Scalar(text[index + 1])).hexDigitValue,
                let low = Character(Unicode.Scalar(text[index + 2])).hexDigitValue
            {
                decoded.append(UInt8(high << 4 | low))
                index += 3
            } else {
                decoded.append(text[index])
                index += 1
            }
        }
        return decoded
    }
}
