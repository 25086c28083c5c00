import Testing
import WireFormats

@testable import CommandSupport

@Suite("Injection attacks on the log")
struct LogInjectionAttackTests {
    @Test(
        "a log value that could be taken for a field or a line is quoted on one line",
        arguments: [
            "a b", "a=b", "\"", "", "x\n2026-11-29T00:00:00+0000 critical generalscaler: namespace=other forged",
            "\u{1B}[31mred\u{7}\u{202E}evil", "a\\nb", "größe",
        ])
    func quoted(value: String) throws {
        let quoted = QuotedLogHandler.quoted(value)
        #expect(quoted.isClean)
        #expect(try JSON(parsing: quoted).stringValue == value.cleaned)
    }

    @Test(
        "a plain log value stays unchanged", arguments: ["shop/web", "12.5", "https://a.example:9090/x?y", "a-b_c.d"])
    func plain(value: String) {
        #expect(QuotedLogHandler.quoted(value) == value)
    }
}
