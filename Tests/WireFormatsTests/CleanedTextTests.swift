import Testing
import WireFormats

@Suite("Cleaned text")
struct CleanedTextTests {
    @Test(
        "line breaks and tabs become spaces, and other control characters are replaced",
        arguments: [
            ("a\nb", "a b"), ("a\r\nb", "a  b"), ("a\tb", "a b"), ("a\u{2028}b\u{2029}c\u{85}d\u{B}e", "a b c d e"),
            ("\u{1B}[31mred\u{7}", "\u{FFFD}[31mred\u{FFFD}"),
            ("a\u{0}b\u{7F}c\u{9B}d", "a\u{FFFD}b\u{FFFD}c\u{FFFD}d"),
            ("x\u{202E}y\u{2066}z\u{200F}", "x\u{FFFD}y\u{FFFD}z\u{FFFD}"),
            ("\u{FEFF}a\u{200B}b\u{AD}c", "\u{FFFD}a\u{FFFD}b\u{FFFD}c"),
            ("\u{E0041}\u{61C}", "\u{FFFD}\u{FFFD}"),
        ])
    func cleaned(text: String, expected: String) {
        #expect(text.cleaned == expected)
        #expect(text.cleaned.isClean && !text.isClean)
    }

    @Test(
        "words of every script and emoji stay unchanged",
        arguments: [
            "", "plain ~ text", "größe", "日本語", "עברית", "می\u{200C}خواهم", "👩\u{200D}💻", "e\u{301}", "\u{FFFD}",
        ])
    func unchanged(text: String) {
        #expect(text.cleaned == text && text.isClean)
    }

    @Test("quotes of a document in an error contain no control characters")
    func problem() {
        let error = JSONReader(1, path: "spec.a\nb").error("must be x, not \"\u{1B}[0m\"")
        #expect(error.description == "spec.a b: must be x, not \"\u{FFFD}[0m\"")
    }
}
