import FoundationEssentials
import PluginProtocol

/// Search patterns of secrets: those that one plugin process received recently, or those of one call.
///
/// The size is limited: beyond it, secrets of the older half that were not sent again are dropped.
struct KnownSecrets {
    /// Bytes that reveal a secret if they occur in a text.
    struct Pattern {
        let bytes: [UInt8]
        /// Whether this is the part of a Base64 text that does not depend on the text around the secret.
        let isBase64: Bool
    }

    private var recent = Generation()
    private var older = Generation()

    var isEmpty: Bool { recent.secrets.isEmpty && older.secrets.isEmpty }

    /// A secret of a few bytes protects nothing, and would be redacted from ordinary words. The credentials in a URL or
    /// a connection string are secrets too, and so is a secret without the line break that a file ends with: a shell
    /// removes it.
    mutating func learn(_ secret: String) {
        guard secret.utf8.count >= PluginHostLimits.minSecretBytes, !recent.secrets.contains(secret) else { return }
        if recent.isFull {
            older = recent
            recent = Generation()
        }
        recent.add(secret)
        let trimmed = Self.trimmed(secret)
        if trimmed != secret, trimmed.utf8.count >= PluginHostLimits.minSecretBytes { recent.add(trimmed) }
        for part in SecretParts.of(secret) { recent.add(part) }
    }

    /// Returns the secret without blanks and line breaks around it.
    private static func trimmed(_ secret: String) -> String {
        let bytes = Array(secret.utf8)
        guard let first = bytes.firstIndex(where: { $0 > 0x20 }), let last = bytes.lastIndex(where: { $0 > 0x20 })
        else {
            return ""
        }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }

    /// Returns whether a pattern may begin with these four bytes.
    func mayBegin(with key: UInt32) -> Bool { recent.mayBegin(with: key) || older.mayBegin(with: key) }

    /// Returns the patterns that begin with these four bytes.
    func patterns(beginningWith key: UInt32) -> [[Pattern]] {
        [recent.patterns(key), older.patterns(key)].compactMap(\.self)
    }
}

extension KnownSecrets {
    private struct Generation {
        private(set) var secrets: Set<String> = []
        private var bytes = 0
        private var patterns: [UInt32: [Pattern]] = [:]
        /// A bit for each hash of a pattern's beginning, to skip most positions of a text.
        private var filter = [UInt64](repeating: 0, count: Self.filterBits / 64)

        private static let filterBits = 1 << 16

        var isFull: Bool {
            secrets.count >= PluginHostLimits.maxSecrets / 2 || bytes >= PluginHostLimits.maxSecretBytes / 2
        }

        func mayBegin(with key: UInt32) -> Bool {
            let bit = Self.bit(key)
            return filter[bit / 64] & (1 << UInt64(bit % 64)) != 0
        }

        func patterns(_ key: UInt32) -> [Pattern]? { mayBegin(with: key) ? patterns[key] : nil }

        mutating func add(_ secret: String) {
            secrets.insert(secret)
            for pattern in Pattern.all(of: Array(secret.utf8)) {
                let key = pattern.bytes.prefix(4).reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
                let bit = Self.bit(key)
                patterns[key, default: []].append(pattern)
                filter[bit / 64] |= 1 << UInt64(bit % 64)
                bytes += pattern.bytes.count
            }
        }

        private static func bit(_ key: UInt32) -> Int { Int((key &* 0x9E37_79B1) >> 16) }
    }
}

extension KnownSecrets.Pattern {
    /// Returns every pattern of a secret: the secret, its lines, and its Base64 at each of the three offsets in a
    /// longer text, such as `user:password`.
    fileprivate static func all(of secret: [UInt8]) -> [Self] {
        var patterns = [Self(bytes: secret, isBase64: false)]
        for line in lines(secret) where line.count >= PluginHostLimits.minSecretLineBytes {
            patterns.append(Self(bytes: line, isBase64: false))
        }
        for offset in 0..<3 {
            // Only complete groups of three bytes are encoded independently of the surrounding text.
            let whole = secret.dropFirst((3 - offset) % 3)
            let groups = Array(whole.prefix(whole.count / 3 * 3))
            guard groups.count >= 3 else { continue }
            let text = Array(Data(groups).base64EncodedString().utf8)
            patterns.append(Self(bytes: text, isBase64: true))
            let urlText = text.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 == slash ? underscore : $0 }
            if urlText != text { patterns.append(Self(bytes: urlText, isBase64: true)) }
        }
        return patterns
    }

    private static let slash = UInt8(ascii: "/")
    private static let underscore = UInt8(ascii: "_")

    /// Returns the lines of a longer text, such as a private key, which logs show separately; a key in JSON has `\n` as
    /// line ends.
    private static func lines(_ secret: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = [[]]
        var index = 0
        while index < secret.count, lines.count <= PluginHostLimits.maxSecretLines {
            let byte = secret[index]
            if byte == UInt8(ascii: "\\"), index + 1 < secret.count, secret[index + 1] == UInt8(ascii: "n") {
                lines.append([])
                index += 1
            } else if byte < 0x20 || byte == 0x7F {
                lines.append([])
            } else {
                lines[lines.count - 1].append(byte)
            }
            index += 1
        }
        return lines.count > 1 ? lines : []
    }
}
