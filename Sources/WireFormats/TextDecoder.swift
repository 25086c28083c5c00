/// Reads the bytes of a file or a pipe as text: UTF-8, with or without a byte order mark, or UTF-16 with one.
///
/// Editors, spreadsheets and PowerShell write these encodings, and kubectl reads them. Unlike kubectl, which replaces
/// malformed bytes by U+FFFD, this refuses them.
package enum TextDecoder {
    /// The reason why bytes are not valid text.
    package struct Failure: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Returns the text without its byte order mark.
    package static func text(_ bytes: some Collection<UInt8>) throws(Failure) -> String {
        if isUTF32(bytes) { throw Failure(description: "is text in UTF-32; save it as UTF-8") }
        if let isBigEndian = utf16ByteOrder(bytes) {
            let units = bytes.dropFirst(2)
            guard units.count.isMultiple(of: 2) else {
                throw Failure(description: "is text in UTF-16 that ends in the middle of a character")
            }
            guard let text = String(validating: utf16Units(units, isBigEndian: isBigEndian), as: UTF16.self) else {
                throw Failure(description: "is text in UTF-16 with half a surrogate pair")
            }
            return text
        }
        let content = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
        guard let text = String(validating: content, as: UTF8.self) else {
            throw Failure(description: "is not text in UTF-8; save it as UTF-8")
        }
        return text
    }

    /// Returns the bytes without the byte order mark of UTF-8.
    package static func withoutMark(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
    }

    /// Returns the byte order of a UTF-16 byte order mark at the start; nil if there is none.
    package static func utf16ByteOrder(_ bytes: some Collection<UInt8>) -> Bool? {
        if bytes.starts(with: [0xFF, 0xFE]) { return false }
        return bytes.starts(with: [0xFE, 0xFF]) ? true : nil
    }

    /// - Parameter bytes: an even number of bytes.
    static func utf16Units(_ bytes: some Collection<UInt8>, isBigEndian: Bool) -> [UInt16] {
        var units: [UInt16] = []
        units.reserveCapacity(bytes.count / 2)
        var first: UInt8?
        for byte in bytes {
            guard let previous = first else {
                first = byte
                continue
            }
            units.append(isBigEndian ? UInt16(previous) << 8 | UInt16(byte) : UInt16(byte) << 8 | UInt16(previous))
            first = nil
        }
        return units
    }

    private static func isUTF32(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.starts(with: [0xFF, 0xFE, 0, 0]) || bytes.starts(with: [0, 0, 0xFE, 0xFF])
    }
}

/// Converts a stream of UTF-16 to UTF-8. Malformed input becomes U+FFFD.
package struct UTF16Transcoder {
    private let isBigEndian: Bool
    /// The bytes of an incomplete character.
    private var rest: [UInt8] = []

    package init(isBigEndian: Bool) {
        self.isBigEndian = isBigEndian
    }

    /// - Parameter isLast: whether no bytes follow.
    package mutating func utf8(_ chunk: some Collection<UInt8>, isLast: Bool) -> [UInt8] {
        let bytes = rest + chunk
        var units = TextDecoder.utf16Units(bytes, isBigEndian: isBigEndian)
        rest = bytes.count.isMultiple(of: 2) ? [] : [bytes[bytes.count - 1]]
        if isLast {
            if !rest.isEmpty { units.append(0xFFFD) }
        } else if let last = units.last, UTF16.isLeadSurrogate(last) {
            units.removeLast()
            rest = Array(bytes[(2 * units.count)...])
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }
}
