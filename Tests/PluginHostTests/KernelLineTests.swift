import Testing

@testable import PluginHost

@Suite("Lines that the kernel generates at each read")
struct KernelLineTests {
    @Test(
        "the first and the last number of a line are read, and what is no number is none",
        arguments: [
            ("4711\n", 4_711, 4_711), ("0.07 0.13 0.21 3/417 29341\n", nil, 29_341), ("max\n", nil, nil),
            ("", nil, nil),
            ("\n", nil, nil), ("9223372036854775807", Int64.max, Int64.max), ("9223372036854775808\n", nil, nil),
            ("12 max\n", 12, nil), ("-1\n", nil, nil), ("7 \n", 7, nil), ("3\n5\n", 3, 3),
        ] as [(String, Int64?, Int64?)])
    func numbers(text: String, first: Int64?, last: Int64?) throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write(text, to: "line")
        let line = try #require(KernelLine(directory.path + "/line"))
        #expect(line.firstNumber() == first)
        #expect(line.lastNumber() == last)
    }

    @Test("each read sees what the file holds at that time")
    func readsAnew() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let path = directory.path + "/line"
        #expect(KernelLine(path) == nil)
        try directory.write("1073741823\n", to: "line")
        let line = try #require(KernelLine(path))
        #expect(line.firstNumber() == 1_073_741_823)
        try directory.write("max\n", to: "line")
        #expect(line.firstNumber() == nil)
    }
}
