import FoundationEssentials
import Testing
import WireFormats

@Suite("generalscaler decide", .timeLimit(.minutes(2)))
struct DecideCommandTests {
    private static func request(_ value: Int) -> String {
        """
        {"spec": {"targetDeployment": "a", "maxReplicas": 9, "metrics": [{"type": "prometheus", "targetValue": 100}]}, \
        "now": "2026-01-01T00:00:00Z", "replicas": {"current": 2}, \
        "readings": [{"name": "prometheus", "value": \(value)}]}
        """
    }

    @Test("decide answers one request with one record")
    func one() async throws {
        let outcome = try await Program.run("decide", input: Self.request(200) + "\n")
        #expect(outcome.code == 0)
        #expect(outcome.errors.isEmpty)
        #expect(try JSON(parsing: outcome.output)["desired"] == 4)
    }

    @Test("decide ignores a byte order mark and reads UTF-16 with one, as a whole and in lines")
    func encodings() async throws {
        let lines = "\u{FEFF}\(Self.request(200))\n\(Self.request(300))\n"
        func utf16(_ text: String, _ encoding: String.Encoding) throws -> Data {
            try #require(text.data(using: encoding))
        }
        for input in [Data(lines.utf8), try utf16(lines, .utf16LittleEndian), try utf16(lines, .utf16BigEndian)] {
            let outcome = try await Program.run(["decide", "--lines"], bytes: input)
            #expect(outcome.code == 0, "\(outcome.output)")
            #expect(
                try outcome.output.split(separator: "\n").map { try JSON(parsing: String($0))["desired"] } == [4, 6])
        }
        for encoding in [String.Encoding.utf8, .utf16LittleEndian, .utf16BigEndian] {
            let outcome = try await Program.run(["decide"], bytes: utf16("\u{FEFF}\(Self.request(200))", encoding))
            #expect(try JSON(parsing: outcome.output)["desired"] == 4)
        }
    }

    private static func traced(_ fields: String = "", metric: String = #""type": "prometheus""#) -> String {
        """
        {"spec": {"targetDeployment": "a", "maxReplicas": 90, "metrics": [{\(metric), "targetValue": 100, \
        "targetType": "AverageValue"}], "safety": {"maxScaleUpRate": 90}}\(fields)}
        """
    }

    @Test("decide takes what a request omits from every form of trace that simulate reads")
    func traces() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "decide-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let forms = [
            "plain.csv": "time,requests,replicas\n1767225600,310,3\n1767225660,470,3\n1767225720,,4\n",
            "sheet.csv":
                "\u{FEFF}Zeit;requests;replicas\r\n2026-01-01 01:00:00;310,0;3\r\n2026-01-01 01:01:00;470,5;3\r\n"
                + "2026-01-01 01:02:00;;4\r\n",
            "grafana.csv":
                "\"Time\",\"requests\",\"replicas\"\n\"2026-01-01 01:00:00\",\"310\",\"3\"\n"
                + "\"2026-01-01 01:01:00\",\"470\",\"3\"\n\"2026-01-01 01:02:00\",\"\",\"4\"\n",
        ]
        let requests = [
            Self.traced(#", "now": "2026-01-01T00:01:59.999Z""#), Self.traced(),
            Self.traced(#", "now": "2025-12-31T23:59:59Z", "replicas": {"current": 2}"#),
            Self.traced(
                #", "now": "2026-01-01T00:01:00Z", "replicas": {"current": 8}, "readings": [{"name": "prometheus", "value": 120}]"#
            ),
        ].map { $0.replacing("prometheus\"", with: "prometheus\", \"name\": \"requests\"", maxReplacements: 1) }
            .map { $0.replacing(#""name": "prometheus", "value""#, with: #""name": "requests", "value""#) }
        for (name, text) in forms {
            try Program.write(text, to: "\(directory.path)/\(name)")
            let outcome = try await Program.run(
                "decide", "--lines", "--trace", "\(directory.path)/\(name)", "--trace-time-zone", "+01:00",
                input: requests.joined(separator: "\n"))
            #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(name): \(outcome.errors) \(outcome.output)")
            let answers = try outcome.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
            #expect(answers.map { $0["current"] } == [3, 4, 2, 8], "\(name)")
            // The stabilization window begins with the current replicas.
            #expect(answers.map { $0["desired"] } == [5, 4, 2, 8], "\(name)")
            #expect(answers[3]["metrics"]?[0]?["value"] == 120 && answers[3]["recommended"] == 2)
            #expect(answers[1]["metrics"]?[0]?["noData"] == "the trace has no value", "\(answers[1])")
            #expect(answers[2]["metrics"]?[0]?["noData"] == "the trace has not begun")
            #expect(answers[1]["time"] == "2026-01-01T00:02:00.000Z")
        }
    }

    @Test("decide reads a range query of Prometheus, and a value grows old after the time of the next one")
    func matrix() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "decide-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try Program.write(
            #"{"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": [[1767225600, "310"], [1767225660.5, "470"]]}]}}"#,
            to: "\(directory.path)/range.json")
        let outcome = try await Program.run(
            "decide", "--lines", "--trace", "\(directory.path)/range.json",
            input: ["2026-01-01T00:01:30Z", "2026-01-01T01:00:00Z"].map {
                Self.traced(#", "now": "\#($0)", "replicas": {"current": 3}"#)
            }.joined(separator: "\n"))
        let answers = try outcome.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
        #expect(answers.map { $0["desired"] } == [5, 3], "\(outcome.errors) \(outcome.output)")
        #expect(answers.last?["metrics"]?[0]?["noData"]?.stringValue?.contains("old") == true, "\(outcome.output)")
    }

    @Test("decide reports a trace that it cannot read, one without the metric, and one on stdin")
    func badTraces() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "decide-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try Program.write("time,a,b\n1767225600,310,3\n1767225660,470,3\n", to: "\(directory.path)/two.csv")
        try Program.write(
            "time,a\n2026-01-01 00:00:00,310\n2026-01-01 00:00:15,3\n", to: "\(directory.path)/local.csv")
        func errors(_ file: String) async throws -> String {
            let request = Self.traced(#", "replicas": {"current": 3}"#)
            let outcome = try await Program.run("decide", "--trace", file, input: request)
            #expect(outcome.code != 0 && outcome.output.isEmpty)
            return outcome.errors
        }
        #expect(
            try await errors("\(directory.path)/two.csv").contains("two.csv has no column \"prometheus\"; it has a, b"))
        #expect(try await errors("\(directory.path)/local.csv").contains("--trace-time-zone"))
        #expect(try await errors("-").contains("--trace must be a file"))
    }

    @Test("decide writes every problem to stderr and exits with 1")
    func wrong() async throws {
        let outcome = try await Program.run("decide", input: #"{"spec": {"maxReplicas": 0, "metrics": []}}"#)
        #expect(outcome.code == 1)
        #expect(outcome.output.isEmpty)
        #expect(
            outcome.errors.split(separator: "\n").map { $0.prefix { $0 != ":" } } == [
                "spec.targetDeployment", "spec.maxReplicas", "spec.metrics",
            ])
    }

    @Test("decide's requests, answers and errors match the schema")
    func schema() async throws {
        let history = #"{"lastScaleUpTime": "2025-12-31T23:00:00Z", "failures": []}"#
        let requests = [
            Self.request(100), Self.request(900).replacing("\"value\": 900", with: "\"error\": \"no answer\""),
            Self.request(500).dropLast() + #", "history": \#(history)}"#,
            Self.request(100).replacing(
                #""maxReplicas": 9"#,
                with:
                    #""policy": {"type": "cost", "config": {"costPerPodPerHour": 1, "maxCostPerHour": 2}}, "maxReplicas": 9"#
            ),
        ].joined(separator: "\n")
        #expect(try await Program.python("scripts/check-decide.py", "request", input: requests) == "4 checked\n")
        let answers = try await Program.run("decide", "--lines", input: requests).output
        #expect(try await Program.python("scripts/check-decide.py", "answer", input: answers) == "4 checked\n")
        let refusal = try await Program.run("decide", "--lines", input: "{}").output
        #expect(try await Program.python("scripts/check-decide.py", "refusal", input: refusal) == "1 checked\n")
        #expect(try await Program.python("scripts/check-decide.py", "answer", input: refusal) != "1 checked\n")
    }

    @Test("decide --lines writes one line for each line, including invalid ones")
    func lines() async throws {
        let input = [Self.request(100), "", "{", Self.request(300)].joined(separator: "\n")
        let outcome = try await Program.run("decide", "--lines", input: input)
        #expect(outcome.code == 1)
        let answers = try outcome.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
        #expect(answers.map { $0["desired"] } == [2, nil, 6])
        #expect(answers[1]["error"]?["problems"]?[0]?["message"]?.stringValue?.hasPrefix("is not JSON") == true)
    }
}
