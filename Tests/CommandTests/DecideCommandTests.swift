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
