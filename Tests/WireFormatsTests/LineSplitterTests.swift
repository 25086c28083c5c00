import Testing

@testable import WireFormats

@Suite struct LineSplitterTests {
    private func lines(_ chunks: [String], maxBytes: Int = 16) -> [String] {
        var splitter = LineSplitter(maxBytes: maxBytes)
        var lines: [String] = []
        for chunk in chunks {
            splitter.append(Array(chunk.utf8))
            while let line = splitter.next() {
                switch line {
                case .complete(let bytes): lines.append(String(decoding: bytes, as: UTF8.self))
                case .overlong: lines.append("<overlong>")
                }
            }
        }
        return lines
    }

    @Test(
        "a stream is split only at the newline byte, and a line above the limit is dropped completely",
        arguments: [
            (["one\ntwo\n"], ["one", "two"]),
            (["o", "ne", "\nt", "wo", "\n"], ["one", "two"]),
            (["one\n\n\ntwo\nthr"], ["one", "two"]),
            (["a\u{2028}b\r\n"], ["a\u{2028}b\r"]),
            (["0123456789abcdef\n"], ["0123456789abcdef"]),
            (["0123456789abcdefg\nnext\n"], ["<overlong>", "next"]),
            (["0123456789", "0123456789", "0123456789", "\nnext\n"], ["<overlong>", "next"]),
        ])
    func streamSplitNewline(
        chunks: [String], expected: [String]
    ) {
        #expect(lines(chunks) == expected)
    }

    @Test("an overlong line is reported before its newline arrives, and once")
    func overlongAtOnce() {
        #expect(lines(["0123456789", "0123456789"]) == ["<overlong>"])
        #expect(lines(["0123456789", "0123456789", "0123456789", "\n\nnext\n"]) == ["<overlong>", "next"])
        #expect(lines(["12345\n"], maxBytes: 5) == ["12345"])
        #expect(lines(["123", "456"], maxBytes: 5) == ["<overlong>"])
    }

    @Test("a stream split at any byte gives the same lines")
    func streamSplitByte() {
        let text = "first\nsecond line\n\n0123456789abcdefgh\nlast\n"
        let whole = lines([text])
        for cut in 0...text.utf8.count {
            let bytes = Array(text.utf8)
            let parts = [bytes[..<cut], bytes[cut...]].map { String(decoding: $0, as: UTF8.self) }
            #expect(lines(parts) == whole)
        }
    }
}
