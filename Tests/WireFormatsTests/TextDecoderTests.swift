import Testing

@testable import WireFormats

@Suite("Reading text by its byte order mark")
struct TextDecoderTests {
    private static let text = "é🚀\r\n7"

    private static func utf16(_ text: String, isBigEndian: Bool) -> [UInt8] {
        text.utf16.flatMap { unit in
            let bytes = [UInt8(unit >> 8), UInt8(unit & 0xFF)]
            return isBigEndian ? bytes : bytes.reversed()
        }
    }

    static let inputs: [[UInt8]] = [
        Array(text.utf8), Array("\u{FEFF}\(text)".utf8), utf16("\u{FEFF}\(text)", isBigEndian: false),
        utf16("\u{FEFF}\(text)", isBigEndian: true),
    ]

    @Test("a text is decoded to the same string from each encoding", arguments: inputs)
    func encodings(bytes: [UInt8]) throws {
        #expect(try TextDecoder.text(bytes) == Self.text)
    }

    @Test(
        "an empty input and a lone byte order mark are an empty text",
        arguments: [[], [0xEF, 0xBB, 0xBF], [0xFF, 0xFE]] as [[UInt8]])
    func empty(bytes: [UInt8]) throws {
        #expect(try TextDecoder.text(bytes) == "")
    }

    @Test("the first byte order mark is removed, and a second one is part of the text")
    func second() throws {
        #expect(try TextDecoder.text(Array("\u{FEFF}\u{FEFF}a".utf8)) == "\u{FEFF}a")
    }

    @Test(
        "bytes other than text are refused with the cause",
        arguments: [
            ([0xE9, 0x74, 0xE9], "is not text in UTF-8; save it as UTF-8"),
            ([0xFF, 0xFE, 0x61], "is text in UTF-16 that ends in the middle of a character"),
            ([0xFF, 0xFE, 0x3D, 0xD8, 0x61, 0x00], "is text in UTF-16 with half a surrogate pair"),
            ([0xFF, 0xFE, 0, 0, 0x61, 0, 0, 0], "is text in UTF-32; save it as UTF-8"),
            ([0, 0, 0xFE, 0xFF, 0, 0, 0, 0x61], "is text in UTF-32; save it as UTF-8"),
        ] as [([UInt8], String)])
    func refused(bytes: [UInt8], message: String) {
        let failure = #expect(throws: TextDecoder.Failure.self) { try TextDecoder.text(bytes) }
        #expect(failure?.description == message)
    }

    @Test("a stream of UTF-16 is decoded to the same text in pieces of any size", arguments: [1, 2, 3, 5, 100])
    func transcoding(size: Int) {
        for isBigEndian in [false, true] {
            let bytes = Self.utf16("a\u{1F680}é\n\u{1F680}", isBigEndian: isBigEndian)
            var transcoder = UTF16Transcoder(isBigEndian: isBigEndian)
            var output: [UInt8] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                output += transcoder.utf8(bytes[start..<min(start + size, bytes.count)], isLast: false)
            }
            output += transcoder.utf8([], isLast: true)
            #expect(String(decoding: output, as: UTF8.self) == "a\u{1F680}é\n\u{1F680}")
        }
    }

    @Test("a truncated stream of UTF-16 has a replacement character at its end", arguments: [1, 2, 3])
    func truncated(count: Int) {
        var transcoder = UTF16Transcoder(isBigEndian: false)
        let bytes = Self.utf16("a\u{1F680}", isBigEndian: false).prefix(2 + count)
        let output = transcoder.utf8(bytes, isLast: false) + transcoder.utf8([], isLast: true)
        #expect(String(decoding: output, as: UTF8.self).unicodeScalars.first == "a")
        #expect(String(decoding: output, as: UTF8.self).unicodeScalars.last == "\u{FFFD}")
    }
}
