/// Searches a text for known secrets: unencoded, percent-encoded, escaped as in JSON, and in Base64.
struct SecretSearch {
    private let text: [UInt8]
    /// The ranges that reveal a secret, in ascending order.
    private var hits: [Range<Int>] = []
    /// The offset of an incomplete secret at the end of the text.
    private var unfinishedFrom: Int?

    init(_ text: String, _ secrets: KnownSecrets) {
        self.init(Array(text.utf8), secrets)
    }

    init(_ text: [UInt8], _ secrets: KnownSecrets) {
        self.text = text
        search(DecodedText(plain: text), secrets)
        if text.contains(UInt8(ascii: "%")) || text.contains(UInt8(ascii: "+")) {
            search(DecodedText(percentEncoded: text, plusIsBlank: true), secrets)
            search(DecodedText(percentEncoded: text, plusIsBlank: false), secrets)
        }
        if text.contains(UInt8(ascii: "\\")) { search(DecodedText(jsonEscaped: text), secrets) }
        hits.sort { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
    }

    var unfinishedBytes: Int { unfinishedFrom.map { text.count - $0 } ?? 0 }

    var isEmpty: Bool { hits.isEmpty }

    /// The text with `***` in place of each secret.
    var masked: String { String(decoding: maskedBytes, as: UTF8.self) }

    var maskedBytes: [UInt8] {
        var result: [UInt8] = []
        var end = 0
        for hit in hits {
            if hit.lowerBound >= end {
                result += text[end..<hit.lowerBound]
                result += Self.mask
            }
            end = max(end, hit.upperBound)
        }
        return result + text[end...]
    }

    private static let mask = Array("***".utf8)

    private mutating func search(_ decoded: DecodedText, _ secrets: KnownSecrets) {
        let bytes = decoded.bytes
        guard bytes.count >= 4 else { return }
        var run = 0..<0
        var key = bytes[..<3].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
        for start in 0...(bytes.count - 4) {
            key = key << 8 | UInt32(bytes[start + 3])
            guard secrets.mayBegin(with: key) else { continue }
            for pattern in secrets.patterns(beginningWith: key).joined() {
                let available = min(pattern.bytes.count, bytes.count - start)
                guard bytes[start..<start + available].elementsEqual(pattern.bytes[..<available]) else { continue }
                guard available == pattern.bytes.count else {
                    unfinishedFrom = min(unfinishedFrom ?? .max, decoded.origin(start))
                    continue
                }
                var hit = start..<start + available
                if pattern.isBase64 {
                    // Repetitive text causes many hits in the same run.
                    if !(run.contains(hit.lowerBound) && hit.upperBound <= run.upperBound) {
                        run = Self.wholeBase64(around: hit, in: bytes)
                    }
                    hit = run
                }
                hits.append(decoded.origin(hit.lowerBound)..<decoded.origin(hit.upperBound))
            }
        }
    }

    private static func wholeBase64(around hit: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
        var start = hit.lowerBound
        var end = hit.upperBound
        while start > 0, isBase64(bytes[start - 1]) { start -= 1 }
        while end < bytes.count, isBase64(bytes[end]) { end += 1 }
        return start..<end
    }

    private static func isBase64(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: "="):
            true
        default: false
        }
    }
}

/// A decoded text, with the source offset of each byte.
private struct DecodedText {
    private(set) var bytes: [UInt8] = []
    /// For each byte, the offset of its encoded form; and the end. Nil if nothing was encoded.
    private var origins: [Int]?

    func origin(_ index: Int) -> Int { origins?[index] ?? index }

    init(plain text: [UInt8]) {
        bytes = text
    }

    /// Decodes `%41` as A and, in forms, `+` as a blank.
    init(percentEncoded text: [UInt8], plusIsBlank: Bool) {
        self.init(text) { index in
            switch text[index] {
            case UInt8(ascii: "+"): plusIsBlank ? ([0x20], 1) : nil
            case UInt8(ascii: "%"): Self.hexadecimal(text, index + 1, digits: 2).map { ([UInt8($0)], 3) }
            default: nil
            }
        }
    }

    init(jsonEscaped text: [UInt8]) {
        self.init(text) { index in
            guard text[index] == UInt8(ascii: "\\"), index + 1 < text.count else { return nil }
            switch text[index + 1] {
            case UInt8(ascii: "n"): return ([0x0A], 2)
            case UInt8(ascii: "r"): return ([0x0D], 2)
            case UInt8(ascii: "t"): return ([0x09], 2)
            case UInt8(ascii: "b"): return ([0x08], 2)
            case UInt8(ascii: "f"): return ([0x0C], 2)
            case UInt8(ascii: "u"): return Self.scalar(text, index)
            case let byte: return ([byte], 2)
            }
        }
    }

    /// - Parameter decode: returns the decoded bytes at an index and the length of their encoded form; nil if the byte
    ///   is not encoded.
    private init(_ text: [UInt8], _ decode: (Int) -> (bytes: [UInt8], length: Int)?) {
        var origins: [Int] = []
        bytes.reserveCapacity(text.count)
        origins.reserveCapacity(text.count + 1)
        var index = 0
        while index < text.count {
            if let (decoded, length) = decode(index) {
                bytes += decoded
                origins += repeatElement(index, count: decoded.count)
                index += length
            } else {
                bytes.append(text[index])
                origins.append(index)
                index += 1
            }
        }
        self.origins = origins + [text.count]
    }

    /// Decodes `\uXXXX`, or a surrogate pair.
    private static func scalar(_ text: [UInt8], _ index: Int) -> (bytes: [UInt8], length: Int)? {
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
        var number: UInt32 = 0
        for byte in text[start..<start + digits] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            number = number << 4 | UInt32(digit)
        }
        return number
    }
}
