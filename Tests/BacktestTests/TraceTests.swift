import Scaling
import Testing
import WireFormats

@testable import Backtest

@Suite("Traces")
struct TraceTests {
    @Test("a CSV trace may have times of both kinds, gaps, failures, replicas, comments and quotes")
    func csv() throws {
        let trace = try Trace(
            csv: """
                # recorded on Monday
                time,"requests",replicas,queue
                2026-03-02T00:00:15Z,120.5,3,7\r
                1772409600,,2,NaN

                2026-03-02T00:00:30Z,error,,8
                """)
        #expect(trace.metrics == ["requests", "queue"])
        #expect(
            trace.samples.map(\.cells) == [[.noData, .noData], [.value(120.5), .value(7)], [.failed, .value(8)]])
        #expect(trace.samples.map(\.replicas) == [2, 3, nil])
        #expect(trace.start.text == "2026-03-02T00:00:00Z")
        #expect(trace.step == .seconds(15))
    }

    @Test(
        "a gap does not change the interval between samples, even with only three samples",
        arguments: ["1772409600\n1772409617\n1772413200", "1772409600\n1772413183\n1772413200"])
    func stepBesideGap(times: String) throws {
        let rows = times.split(separator: "\n").map { "\($0),161.5" }.joined(separator: "\n")
        #expect(try Trace(csv: "time,requests\n" + rows).step == .seconds(17))
    }

    @Test(
        "exports of spreadsheets and Grafana are read with any header, delimiter and line ending",
        arguments: [
            "\u{FEFF}time,requests\n2026-03-02T00:00:00Z,161\n2026-03-02T00:00:15Z,\n2026-03-02T00:00:30Z,158.5\n",
            "\u{FEFF}\"time\",\"requests\"\r\n2026-03-02T00:00:00Z,161\r\n2026-03-02T00:00:15Z,\r\n2026-03-02T00:00:30Z,158.5\r\r\n",
            "time,requests\n2026-03-02T00:00:00Z,161\n,\n2026-03-02T00:00:15Z,\n2026-03-02T00:00:30Z,158.5\n , \n,,\n",
            "sep=,\ntime,requests\n2026-03-02T00:00:00Z,161\n2026-03-02T00:00:15Z,\n2026-03-02T00:00:30Z,158.5\n",
            "\"Time\",\"requests\"\n1772409600000,161\n1772409615000,null\n1772409630000,158.5\n",
            "Timestamp;requests\r1772409600;\"161\"\r1772409615;N/A\r1772409630;158,5",
            "sep=;\r\n\"Time\";\"requests\"\r\n\"1772409600000000000\";161\r\n1772409615000000000;undefined\r\n1772409630000000000;\"158,5\"",
            "time,requests,\n2026-03-02T00:00:00Z,161,\n2026-03-02T00:00:15Z,\n2026-03-02T00:00:30Z,158.5, ,\n",
            "requests\tTime\n161\t2026-03-02 00:00:00\nundefined\t2026-03-02 00:00:15\n\"158.5\"\t2026-03-02 00:00:30\n",
            "date,\"{app=\"\"web\"\", pod=\"\"a\"\"}\"\n2026-03-02 01:00+01:00,161\n2026-03-02T00:00:15Z,-\n2026-03-02 00:00:30 UTC,158.5\n",
            "Time,requests\n2026-03-02 00:00:00,\"161\"\n2026-03-02 00:00:15,NaN\n2026-03-02 00:00:30,\"158,5\"\n",
        ])
    func exports(text: String) throws {
        let expected: [Trace.Cell] = [.value(161), .noData, .value(158.5)]
        for bytes in [Array(text.utf8), Self.utf16(text, isBigEndian: false), Self.utf16(text, isBigEndian: true)] {
            let trace = try Trace(bytes: bytes, zone: TraceZone(offset: "UTC"))
            #expect(trace.samples.flatMap(\.cells) == expected)
            #expect(trace.metrics == [text.contains("{") ? #"{app="web", pod="a"}"# : "requests"])
            #expect(trace.samples.map(\.time) == [0, 15, 30].map { start + .seconds($0) })
            #expect(trace.notes.isEmpty)
        }
    }

    /// Encodes with a byte order mark.
    private static func utf16(_ text: String, isBigEndian: Bool) -> [UInt8] {
        var bytes: [UInt8] = isBigEndian ? [0xFE, 0xFF] : [0xFF, 0xFE]
        for unit in text.utf16 {
            let (high, low) = (UInt8(unit >> 8), UInt8(unit & 0xFF))
            bytes += isBigEndian ? [high, low] : [low, high]
        }
        return bytes
    }

    @Test("infinite numbers and numbers that are too large are no data")
    func infinite() throws {
        let trace = try Trace(csv: "time,a\n0,1.5e+02\n15,+Inf\n30,nan\n45,1e400\n60,-Infinity\n75,ERROR\n")
        #expect(trace.samples.flatMap(\.cells) == [.value(150), .noData, .noData, .noData, .noData, .failed])
    }

    @Test("times that a spreadsheet has rounded are read with a note, and the error for equal times names the cause")
    func roundedTimes() throws {
        let trace = try Trace(csv: "time,a\n1.7724096E+09,161\n1.77240963E+09,150\n")
        #expect(trace.step == .seconds(30))
        #expect(trace.notes.map { $0.hasPrefix("The times are in scientific notation") } == [true])
        #expect(try Trace(csv: "time,a\n1.772409600E+09,161\n1.772409615E+09,150\n").notes.isEmpty)
        let error = #expect(throws: TraceError.self) { try Trace(csv: "time,a\n1.77241E+09,161\n1.77241E+09,150\n") }
        #expect(error?.description.contains("scientific notation") == true)
    }

    @Test(
        "a trace error names its line and column",
        arguments: [
            ("", "is empty"), ("\u{FEFF}\n# nothing\n", "is empty"), ("when,requests\n1,2", "line 1: must be a header"),
            ("time,replicas\n", "line 1: must have a column for each metric"), ("time\n", "line 1: must have a column"),
            ("time,a,a\n", "line 1, column 3: each column needs a unique name, and this one is \"a\""),
            (",time,a\n", "line 1, column 1: each column"), ("time,,a\n", "line 1, column 2: each column"),
            ("2026-03-02T00:00:00Z,161\n2026-03-02T00:00:15Z,150\n", "line 1: must be a header"),
            ("a,time,date\n", "line 1: must be a header"), ("time,a\n1\n", "line 2: has 1 cell, the header 2"),
            ("time,a\n1,150,5\n", "line 2, column 3: \"5\" is in a column without a name"),
            ("time,a,\n1,2,3\n", "line 2, column 3: \"3\" is in a column without a name"),
            ("time,a\nnoon,1\n", "line 2, column 1 (time): \"noon\" is not a time"),
            ("time,a\n1,x\n", "line 2, column 2 (a): \"x\" is not a number"),
            ("time,a\n1,161 req/s\n", "line 2, column 2 (a): \"161 req/s\" is a number followed by other text"),
            ("time,a\n1,1.50 K\n", "line 2, column 2 (a): \"1.50 K\" is a number followed by other text"),
            ("time,a\n1,50%\n", "line 2, column 2 (a): \"50%\" is a number followed by other text"),
            ("time,a\r1,1\r\r2,\"1,161\"\r", "line 4, column 2 (a): \"1,161\" is ambiguous"),
            ("Time,a\n2026-03-02 00:00:00,1\n", "line 2, column 1 (Time): \"2026-03-02 00:00:00\" has no time zone"),
            ("time,a,replicas\n1,2,-1\n", "line 2, column 3 (replicas): \"-1\" is not a number of replicas"),
            ("time,a,replicas\n1,2,1.5\n", "line 2, column 3 (replicas): \"1.5\" is not a number of replicas"),
            ("time,a\n1,\"2\n3,4", "line 2, column 2: has a quote that is never closed"),
            ("Date,Time,a\n2026-03-02,00:00:17,1\n", "line 1: has the time in two columns"),
            ("time,a\n46083.5,1\n46083.50017,2\n", "has times that look like a spreadsheet's days"),
            ("time,a\n1,2\n", "has fewer than two samples"), ("time,a\n1,2\n1,3\n", "has two samples at one time"),
            ("time,a\n1,\u{1B}[31m\n", "line 2, column 2 (a): \" [31m\" is not a number"),
        ])
    func problems(csv: String, message: String) {
        let error = #expect(throws: TraceError.self) { try Trace(csv: csv) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }

    @Test("a missing header is distinguished from an invalid one")
    func missingHeader() {
        let error = #expect(throws: TraceError.self) { try Trace(csv: "2026-03-02T00:00:00Z,161\n") }
        #expect(error?.description.hasSuffix("the header is missing") == true)
    }

    @Test(
        "bytes without a recognizable text encoding are refused with the cause",
        arguments: [
            (
                Array("time,a\n1,2\nx".utf8) + [0xE9],
                "line 3: has bytes that are not UTF-8, as text in Windows-1252 has"
            ),
            (Array("t\0i\0m\0e\0,\0a\0".utf8), "line 1: contains a NUL byte. The file may be UTF-16"),
            ([0xFF, 0xFE, 0x74], "begins with a UTF-16 byte order mark but has invalid bytes"),
            ([0xFE, 0xFF, 0xD8, 0x00, 0x00, 0x74], "begins with a UTF-16 byte order mark but has invalid bytes"),
            ([0xFF, 0xFE, 0, 0, 0x74, 0, 0, 0], "is text in UTF-32"), ([0xFF, 0xFE], "is empty"), ([], "is empty"),
            ([0xEF, 0xBB, 0xBF], "is empty"), ([0xEF, 0xBB], "line 1: has bytes that are not UTF-8"),
        ] as [([UInt8], String)])
    func encodings(bytes: [UInt8], message: String) {
        let error = #expect(throws: TraceError.self) { try Trace(bytes: bytes) }
        #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
    }
}
