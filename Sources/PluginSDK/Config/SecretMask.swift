import PluginProtocol

/// Masks secrets in one text: plain, percent-encoded, escaped as in JSON, and in Base64. The SDKs of the other languages do
/// the same, and the same vectors hold all of them to it.
struct SecretMask {
    private struct Pattern {
        let bytes: [UInt8]
        var isBase64 = false
    }

    /// A shorter text stands in ordinary words by chance, and masking it there would only tell what it is.
    private static let minMaskedBytes = 6
    /// Shorter lines of a secret of several lines are not masked on their own.
    private static let minLineBytes = 8
    private static let maxLines = 256
    private static let mask = Array(Secret.mask.utf8)

    private let patterns: [Pattern]

    init(_ secrets: [String]) {
        patterns = secrets.filter { $0.utf8.count >= Self.minMaskedBytes }
            .flatMap { [$0] + SecretParts.of($0) }
            .flatMap { Self.patterns(of: Array($0.utf8)) }
    }

    /// The text with `***` in place of each secret.
    func masked(_ text: String) -> String {
        guard !patterns.isEmpty else { return text }
        let data = Array(text.utf8)
        let hits = DecodedText.all(of: data).flatMap(hits)
            .sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
        guard !hits.isEmpty else { return text }
        var result: [UInt8] = []
        var end = 0
        for hit in hits {
            if hit.lowerBound >= end { result += data[end..<hit.lowerBound] + Self.mask }
            end = max(end, hit.upperBound)
        }
        return String(decoding: result + data[end...], as: UTF8.self)
    }

    private func hits(in text: DecodedText) -> [Range<Int>] {
        var hits: [Range<Int>] = []
        for pattern in patterns {
            var from = 0
            while let start = Self.find(pattern.bytes, in: text.bytes, from: from) {
                var hit = start..<start + pattern.bytes.count
                from = start + 1
                if pattern.isBase64 {
                    // The rest of the digits encodes the secret's ends and the text around it.
                    hit = Self.wholeBase64(around: hit, in: text.bytes)
                    from = hit.upperBound
                }
                hits.append(text.origins[hit.lowerBound]..<text.origins[hit.upperBound])
            }
        }
        return hits
    }

    private static func find(_ pattern: [UInt8], in bytes: [UInt8], from: Int) -> Int? {
        guard from + pattern.count <= bytes.count else { return nil }
        return (from...(bytes.count - pattern.count)).first {
            bytes[$0] == pattern[0] && bytes[$0..<$0 + pattern.count].elementsEqual(pattern)
        }
    }

    private static func wholeBase64(around hit: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
        let isDigit: (UInt8) -> Bool = { byte in digits.contains(byte) || "-_=".utf8.contains(byte) }
        var (start, end) = (hit.lowerBound, hit.upperBound)
        while start > 0, isDigit(bytes[start - 1]) { start -= 1 }
        while end < bytes.count, isDigit(bytes[end]) { end += 1 }
        return start..<end
    }

    // MARK: Patterns

    private static func patterns(of secret: [UInt8]) -> [Pattern] {
        var patterns = [Pattern(bytes: secret)]
        let lines = lines(of: secret)
        if lines.count > 1 {
            patterns += lines.filter { $0.count >= minLineBytes }.map { Pattern(bytes: $0) }
        }
        // The digits that depend on the secret alone, for each of the three places where it can begin in a longer text.
        for (offset, start) in [0, 2, 3].enumerated() {
            let padded = [UInt8](repeating: 0, count: offset) + secret
            let end = padded.count * 8 / 6
            guard end - start >= minMaskedBytes else { continue }
            let text = Array(base64(padded)[start..<end])
            let urlText = text.map {
                $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0
            }
            patterns += [Pattern(bytes: text, isBase64: true), Pattern(bytes: urlText, isBase64: true)]
        }
        return patterns
    }

    /// The lines of a secret, which a log shows one by one; a key within JSON has its line ends as `\n`.
    private static func lines(of secret: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = [[]]
        var index = 0
        while index < secret.count, lines.count <= maxLines {
            if secret[index...].starts(with: #"\n"#.utf8) {
                lines.append([])
                index += 1
            } else if secret[index] < 0x20 || secret[index] == 0x7F {
                lines.append([])
            } else {
                lines[lines.count - 1].append(secret[index])
            }
            index += 1
        }
        return lines
    }

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The digits of Base64 without its padding.
    private static func base64(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        var buffer = 0
        var bits = 0
        for byte in bytes {
            buffer = (buffer & 0xFFFF) << 8 | Int(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                text.append(digits[buffer >> bits & 0x3F])
            }
        }
        if bits > 0 { text.append(digits[buffer << (6 - bits) & 0x3F]) }
        return text
    }
}

/// A decoded text, with the position of each of its bytes in the encoded text.
private struct DecodedText {
    private(set) var bytes: [UInt8] = []
    /// For each byte, where what encodes it begins; and the end.
    private(set) var origins: [Int] = []

    static func all(of text: [UInt8]) -> [DecodedText] {
        var all = [DecodedText(text) { _ in nil }]
        if text.contains(UInt8(ascii: "%")) || text.contains(UInt8(ascii: "+")) {
            all.append(DecodedText(text) { text[$0] == UInt8(ascii: "+") ? ([0x20], 1) : percent(text, $0) })
            all.append(DecodedText(text) { percent(text, $0) })
        }
        if text.contains(UInt8(ascii: "\\")) { all.append(DecodedText(text) { escape(text, $0) }) }
        return all
    }

    /// - Parameter step: the bytes that the encoded text at an index means, and its length; nil if it means itself.
    private init(_ text: [UInt8], _ step: (Int) -> (bytes: [UInt8], length: Int)?) {
        var index = 0
        while index < text.count {
            let (piece, length) = step(index) ?? ([text[index]], 1)
            bytes += piece
            origins += repeatElement(index, count: piece.count)
            index += length
        }
        origins.append(text.count)
    }

    private static func percent(_ text: [UInt8], _ index: Int) -> ([UInt8], Int)? {
        guard text[index] == UInt8(ascii: "%") else { return nil }
        return hexadecimal(text, index + 1, digits: 2).map { ([UInt8($0)], 3) }
    }

    private static func escape(_ text: [UInt8], _ index: Int) -> ([UInt8], Int)? {
        guard text[index] == UInt8(ascii: "\\"), index + 1 < text.count else { return nil }
        switch text[index + 1] {
        case UInt8(ascii: "n"): return ([0x0A], 2)
        case UInt8(ascii: "r"): return ([0x0D], 2)
        case UInt8(ascii: "t"): return ([0x09], 2)
        case UInt8(ascii: "b"): return ([0x08], 2)
        case UInt8(ascii: "f"): return ([0x0C], 2)
        case UInt8(ascii: "u"): return scalar(text, index)
        case let byte: return ([byte], 2)
        }
    }

    /// `\uXXXX`, or two of them that are one character.
    private static func scalar(_ text: [UInt8], _ index: Int) -> ([UInt8], Int)? {
        guard let first = hexadecimal(text, index + 2, digits: 4) else { return nil }
        if let scalar = Unicode.Scalar(first) { return (Array(String(scalar).utf8), 6) }
        guard index + 7 < text.count, text[index + 6] == UInt8(ascii: "\\"), text[index + 7] == UInt8(ascii: "u"),
            let second = hexadecimal(text, index + 8, digits: 4), (0xDC00...0xDFFF).contains(second), first < 0xDC00,
            let scalar = Unicode.Scalar(0x1_0000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { return nil }
        return (Array(String(scalar).utf8), 12)
    }

    private static func hexadecimal(_ text: [UInt8], _ start: Int, digits: Int) -> UInt32? {
        guard start + digits <= text.count else { return nil }
        return text[start..<start + digits].reduce(0 as UInt32?) { number, byte in
            guard let number, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            return number << 4 | UInt32(digit)
        }
    }
}
