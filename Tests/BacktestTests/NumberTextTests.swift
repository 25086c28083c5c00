import Testing

@testable import Backtest

@Suite("Numbers in traces")
struct NumberTextTests {
    @Test(
        "the notation of a comma or point is determined from the number",
        arguments: [
            ("161", .plain(161)), ("1.5e+02", .plain(150)), ("-.5", .plain(-0.5)), ("+5.", .plain(5)),
            ("1.161", .plain(1.161)), ("150,5", .decimalComma(150.5)), ("-0,161", .decimalComma(-0.161)),
            (",5", .decimalComma(0.5)), ("1234,567", .decimalComma(1234.567)), ("1,1612", .decimalComma(1.1612)),
            ("1,161E+03", .decimalComma(1161)), ("1.161,5", .decimalComma(1161.5)),
            ("12.345.678,901", .decimalComma(12_345_678.901)), ("1,161.5", .grouped(1161.5)),
            ("-1,161,000", .grouped(-1_161_000)), ("12,345,678.9", .grouped(12_345_678.9)),
            ("1,161", .ambiguous(decimalComma: 1.161, grouped: 1161)),
            ("-12,345", .ambiguous(decimalComma: -12.345, grouped: -12_345)),
        ] as [(Substring, NumberText)])
    func reads(text: Substring, number: NumberText) {
        #expect(NumberText(text) == number)
    }

    @Test(
        "text other than a number is refused",
        arguments: [
            "", "x", "1x", "0x10", "1 161", "1'161", "1,16,1", "1,161,00", "1.161.000", "1,161.5,2", "1.5.2", "1,", ",",
            "--5", "5-", "1e", "e5", "1e5e5", "nan(0x1)", "٣", "1_000", "01,161.5", "1,161.5,000",
        ] as [Substring])
    func refuses(text: Substring) {
        #expect(NumberText(text) == nil)
    }

    private func numbers(_ texts: [Substring]) throws(TraceError) -> [Double?] {
        var style = NumberStyle()
        for (index, text) in texts.enumerated() { style.learn(from: text, line: index + 2) }
        var numbers: [Double?] = []
        for (index, text) in texts.enumerated() {
            numbers.append(try style.number(text, at: TracePlace(line: index + 2, column: 2, name: "requests")))
        }
        return numbers
    }

    @Test("a point before three digits is ambiguous in a file with semicolons, unless another number resolves it")
    func semicolons() throws {
        let rows = { (numbers: String...) in
            "time;load\n" + numbers.enumerated().map { "\(1_772_409_600 + 17 * $0);\($1)\n" }.joined()
        }
        let error = #expect(throws: TraceError.self) { try Trace(csv: rows("161", "-1.161")) }
        let message =
            "line 3, column 2 (load): \"-1.161\" is ambiguous in a file with semicolons: with a decimal point it is -1.161,"
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
        #expect(try Trace(csv: rows("1.161", "0.25")).samples.map(\.cells) == [[.value(1.161)], [.value(0.25)]])
        #expect(try Trace(csv: rows("0.161", "1161")).samples.map(\.cells) == [[.value(0.161)], [.value(1161)]])
        #expect(try Trace(csv: rows("1.161", "2.5").replacing(";", with: ",")).samples.count == 2)
    }

    @Test(
        "the notation of a file's numbers is determined from all of them",
        arguments: [
            (["1,161", "150,5"], [1.161, 150.5]), (["150,5", "161"], [150.5, 161]),
            (["1,161", "1,161.5"], [1161, 1161.5]),
            (["1,161", "0.25"], [1161, 0.25]), (["1.161", "161"], [1.161, 161]), (["x", "2"], [nil, 2]),
        ] as [([Substring], [Double?])])
    func styles(texts: [Substring], expected: [Double?]) throws {
        #expect(try numbers(texts) == expected)
    }

    @Test(
        "a file with ambiguous or contradictory numbers is refused with the place",
        arguments: [
            (
                ["161", "1,161"],
                "line 3, column 2 (requests): \"1,161\" is ambiguous: with a decimal comma it is 1.161"
            ),
            (["1.161", "1,161"], "line 3, column 2 (requests): \"1,161\" is ambiguous"),
            (["150,5", "1.161"], "line 3, column 2 (requests): \"1.161\" has a point, while \"150,5\" in line 2"),
            (["150.5", "150,5"], "line 2, column 2 (requests): \"150.5\" has a point, while \"150,5\" in line 3"),
            (["0,5", "1,161.5"], "line 2, column 2 (requests): \"0,5\" has a decimal comma"),
        ] as [([Substring], String)])
    func ambiguous(texts: [Substring], message: String) {
        let error = #expect(throws: TraceError.self) { try numbers(texts) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }
}
