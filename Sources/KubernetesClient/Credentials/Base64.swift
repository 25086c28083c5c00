import FoundationEssentials

/// Base64 as Go's decoder takes it: padded, and with line ends only in between.
enum Base64 {
    static func bytes(_ text: String) -> [UInt8]? {
        let compact = String(decoding: text.utf8.filter { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
        return Data(base64Encoded: compact).map(Array.init)
    }

    static func text(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
