import PluginProtocol
import Testing
import WireFormats

@testable import PluginHost

@Suite("Framing of a plugin connection")
struct PluginConnectionFramingTests {
    @Test("an answer cut into single bytes is read as one")
    func byteByByte() {
        var conversation = Conversation()
        let (id, _) = conversation.call()
        var actions: [PluginConnection.Action] = []
        for byte in "\(Conversation.reading(id, 2.5))\n".utf8 { actions += conversation.receive([byte]) }
        #expect(actions.values == [id: 2.5])
    }

    @Test("two answers in one chunk, in reverse order, reach their callers")
    func twoAtOnce() {
        var conversation = Conversation(PluginCapabilities(maxInFlight: 2))
        let first = conversation.call().id
        let second = conversation.call().id
        let actions = conversation.receive(
            "\(Conversation.reading(second, 2))\n\(Conversation.reading(first, 1))\n")
        #expect(actions.values == [first: 1, second: 2])
    }

    @Test(
        "an answer that ends with CRLF or with blank lines is accepted",
        arguments: ["\r\n", "\n\n", "\n   \n", "\n\r\n"])
    func forgiven(ending: String) {
        var conversation = Conversation()
        let (id, _) = conversation.call()
        #expect(conversation.receive("\(Conversation.reading(id))\(ending)").values == [id: 1])
        #expect(conversation.connection.counters.rejectedLines == 0)
    }

    @Test("a byte order mark on any line is accepted, with one warning")
    func byteOrderMark() {
        var conversation = Conversation(nil)
        let mark = "\u{FEFF}"
        let first = conversation.receive("\(mark)\(Conversation.handshake(PluginCapabilities()))\n")
        #expect(first.contains(.log(.byteOrderMark)))
        let (id, _) = conversation.call()
        let second = conversation.receive("\(mark)\(Conversation.reading(id))\r\n")
        #expect(second.values == [id: 1])
        #expect(!second.contains(.log(.byteOrderMark)))
        #expect(conversation.connection.counters.rejectedLines == 0)
    }

    @Test("an answer that is spread over several lines fails its call immediately, with the fix")
    func scattered() {
        var conversation = Conversation()
        let (id, _) = conversation.call()
        let lines = [
            "{", #"  "jsonrpc": "2.0","#, #"  "id": \#(id),"#, #"  "result": {"#, #"    "value": 2.5"#, "  }", "}",
        ]
        var failures: [Int64: PluginFailure] = [:]
        for line in lines { failures.merge(conversation.receive(line + "\n").failures) { $1 } }
        #expect(failures[id]?.kind == .protocolViolation)
        #expect(failures[id]?.message.contains("over several lines: write each on one line") == true)
        let (next, _) = conversation.call()
        #expect(conversation.receive(line: Conversation.reading(next, 3)).values == [next: 3])
    }

    @Test("braces in a log on stdout do not count as a message spread over several lines")
    func braces() {
        var conversation = Conversation()
        for line in ["{", "  status: up", "}", #"{"level": "info","#, #""id": 2}"#] {
            #expect(conversation.receive(line + "\n").failures.isEmpty)
        }
        let (id, _) = conversation.call()
        #expect(conversation.receive(line: Conversation.reading(id, 3)).values == [id: 3])
    }

    @Test(
        "the error for a line that is not a message names the usual cause",
        arguments: [
            (#"{"jsonrpc":"2.0","id":2,"result":{"value":NaN}}"#, "answer the error no_data"),
            (#"{"jsonrpc":"2.0","id":2,"result":{"value":-Infinity}}"#, "answer the error no_data"),
            ("\u{1B}[0m" + #"{"jsonrpc":"2.0","id":2,"result":{}}"#, "terminal escape sequence"),
            (#"{"jsonrpc":"2.0","id":2,"#, "without line breaks"),
            (#"{"jsonrpc":"2.0","id":2.5,"result":{}}"#, "a whole number"),
        ])
    func causes(line: String, cause: String) {
        var conversation = Conversation()
        let (id, _) = conversation.call()
        let actions = conversation.receive(line + "\n")
        let logged = actions.contains { action in
            guard case .log(.rejectedLine(_, let reason)) = action else { return false }
            return reason.contains(cause)
        }
        #expect(logged, "\(actions)")
        if let failure = actions.failures[id] { #expect(failure.message.contains(cause)) }
    }

    @Test("only the byte 0x0A ends a line: U+2028 in a string does not")
    func lineSeparator() {
        var conversation = Conversation()
        let (id, _) = conversation.call()
        let result = #"{"value":1,"observedAt":"2026-01-01T00:00:00Z","detail":"a\#u{2028}b"}"#
        let actions = conversation.receive(#"{"jsonrpc":"2.0","id":\#(id),"result":\#(result)}"# + "\n")
        guard case .complete(id, .success(.reading(let reading))) = actions.first else {
            Issue.record("\(actions)")
            return
        }
        #expect(reading.detail == "a\u{2028}b")
    }

    @Test("a line at the length limit is read, and one byte more ends the process and every call")
    func bound() {
        let frame = #"{"jsonrpc":"2.0","id":2,"result":{"value":1,"observedAt":"2026-01-01T00:00:00Z","detail":""}}"#
        func line(_ length: Int) -> String {
            frame.replacing(#""detail":""#, with: #""detail":""# + String(repeating: "x", count: length - frame.count))
        }
        var conversation = Conversation()
        let (id, _) = conversation.call()
        #expect(conversation.receive(line(ProtocolLimits.maxResponseBytes) + "\n").values == [id: 1])

        var other = Conversation()
        let (second, _) = other.call()
        let actions = other.receive(line(ProtocolLimits.maxResponseBytes + 1) + "\n")
        #expect(actions.failures[second]?.kind == .protocolViolation)
        #expect(actions.givenUp?.message.contains("longer than 1048576 bytes") == true)
    }

    @Test("a line without end ends the process before its newline")
    func endlessLine() {
        var conversation = Conversation()
        let (id, _) = conversation.call()
        let chunk = [UInt8](repeating: 0x61, count: 64 << 10)
        var actions: [PluginConnection.Action] = []
        for _ in 0..<17 { actions += conversation.receive(chunk) }
        #expect(actions.failures.keys.sorted() == [id])
        #expect(actions.givenUp != nil)
    }

    @Test("lines that are not messages are counted and logged, and too many in a row end the process")
    func noise() {
        var conversation = Conversation()
        let (id, _) = conversation.call()
        for count in 1...PluginHostLimits.maxRejectedLinesInRow {
            #expect(conversation.receive("debug: \(count)\n").givenUp == nil)
        }
        #expect(conversation.connection.counters.rejectedLines == PluginHostLimits.maxRejectedLinesInRow)
        let last = conversation.receive("debug: more\n")
        #expect(last.givenUp?.message.contains("debug: more") == false)
        #expect(last.givenUp?.logText.contains("debug: more") == true)
        #expect(last.failures[id]?.kind == .protocolViolation)
    }

    @Test("an answer between two invalid lines resets the count of invalid lines")
    func noiseBetweenAnswers() {
        var conversation = Conversation()
        for round in 0..<(3 * PluginHostLimits.maxRejectedLinesInRow) {
            let (id, _) = conversation.call()
            let actions = conversation.receive("debug \(round)\n\(Conversation.reading(id))\n")
            #expect(actions.values == [id: 1])
        }
    }

    @Test(
        "an unreadable answer fails its call immediately if its id is readable",
        arguments: [
            #"{"jsonrpc":"2.0","id":2,"result":{"value":1e400,"observedAt":"2026-01-01T00:00:00Z"}}"#,
            #"{"jsonrpc":"2.0","id":2,"result":{"value":NaN}}"#,
            #"{"jsonrpc":"2.0","result":{"value":1e400},"id":2}"#,
            #"{"jsonrpc":"2.0","id":2,"resu"#,
            #"{"id":2,"result":{}}"#,
        ])
    func salvaged(line: String) {
        var conversation = Conversation()
        let (id, _) = conversation.call()
        let actions = conversation.receive(line + "\n")
        #expect(actions.failures[id]?.kind == .protocolViolation)
        #expect(actions.givenUp == nil)
        #expect(conversation.connection.inFlight == 0)
    }

    @Test("an answer with invalid UTF-8 fails its call immediately")
    func invalidUTF8() {
        var conversation = Conversation()
        let (id, _) = conversation.call()
        let actions = conversation.receive(
            Array(#"{"jsonrpc":"2.0","id":2,"result":{"value":1,"detail":""#.utf8) + [0xFF] + Array("\"}}\n".utf8))
        #expect(actions.failures[id]?.message.contains("invalid UTF-8") == true)
    }

    @Test(
        "an answer of the wrong shape fails its call and names the field",
        arguments: [
            (#"{"observedAt":"2026-01-01T00:00:00Z"}"#, "value: is required"),
            (#"{"value":"NaN","observedAt":"2026-01-01T00:00:00Z"}"#, "value: must be a number"),
            (#"{"value":null,"observedAt":"2026-01-01T00:00:00Z"}"#, "value: is required"),
            (#"{"value":1}"#, "observedAt: is required"),
            (#"{"value":1,"observedAt":"yesterday"}"#, "observedAt: must be an RFC 3339 time"),
            ("7", "must be an object"),
        ])
    func wrongShape(result: String, problem: String) {
        var conversation = Conversation()
        let (id, _) = conversation.call()
        let actions = conversation.receive(#"{"jsonrpc":"2.0","id":\#(id),"result":\#(result)}"# + "\n")
        #expect(actions.failures[id]?.kind == .protocolViolation)
        #expect(actions.failures[id]?.message.contains(problem) == true, "\(actions)")
    }

    @Test("a request from the plugin is refused, its log notifications are logged, and other notifications are ignored")
    func fromThePlugin() {
        var conversation = Conversation()
        #expect(conversation.receive(line: ["jsonrpc": "2.0", "id": 7, "method": "x"]).count == 1)
        #expect(conversation.connection.counters.rejectedLines == 1)
        let log = conversation.receive(
            line: ["jsonrpc": "2.0", "method": "log", "params": ["level": "debug", "message": "hi"]])
        #expect(log == [.log(.pluginLog(level: "debug", text: "hi"))])
        #expect(conversation.receive(line: ["jsonrpc": "2.0", "method": "progress", "params": [:]]).isEmpty)
        #expect(conversation.connection.counters.rejectedLines == 1)
    }
}
