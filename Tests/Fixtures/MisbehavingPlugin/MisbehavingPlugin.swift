import Glibc
import WireFormats

/// A plugin with one selected protocol violation, for tests of plugin hosts. It writes the wire format itself, without
/// a library.
///
///     misbehaving-plugin [--violation NAME] [--type METRIC_TYPE] | --list
///
/// `MISBEHAVING_PLUGIN_VIOLATION` and `MISBEHAVING_PLUGIN_TYPE` in the environment do the same. By default it conforms
/// to all rules. It answers a call with `config.value`; any other config is invalid.
@main
struct MisbehavingPlugin {
    private let violation: ProtocolViolation?
    private let type: String
    private var wire = Wire()

    static func main() {
        let arguments = CommandLine.arguments
        if arguments.contains("--list") {
            for violation in ProtocolViolation.allCases { print("\(violation.rawValue)\t\(violation.summary)") }
            return
        }
        if let flag = arguments.dropFirst().first, flag.hasPrefix(ViolationEffects.holdFlag) {
            ViolationEffects.holdPipes(inSession: flag != ViolationEffects.holdFlag)
        }
        let name = option("--violation", "MISBEHAVING_PLUGIN_VIOLATION", arguments)
        let violation = name.flatMap(ProtocolViolation.init(rawValue:))
        if let name, !name.isEmpty, violation == nil {
            Wire().send("misbehaving-plugin: unknown violation \(name); --list shows all of them\n", to: 2)
            exit(64)
        }
        var plugin = MisbehavingPlugin(
            violation: violation, type: option("--type", "MISBEHAVING_PLUGIN_TYPE", arguments) ?? "misbehaving")
        plugin.run()
    }

    private static func option(_ flag: String, _ variable: String, _ arguments: [String]) -> String? {
        if let index = arguments.firstIndex(of: flag), index + 1 < arguments.count { return arguments[index + 1] }
        return getenv(variable).map { String(cString: $0) }
    }

    private init(violation: ProtocolViolation?, type: String) {
        self.violation = violation
        self.type = type
    }

    private mutating func run() {
        signal(SIGPIPE, SIG_IGN)
        if violation == .ignoresTerminate { signal(SIGTERM, SIG_IGN) }
        while let line = wire.nextLine() { receive(line) }
        if violation == .ignoresTerminate || violation == .ignoresEnd { ViolationEffects.sleepForever() }
    }

    // MARK: Messages

    private func receive(_ line: [UInt8]) {
        let message: JSON
        do {
            message = try JSON(parsing: line)
        } catch {
            return wire.fail(.null, code: -32_700, "the line is not JSON: \(error)")
        }
        guard message["jsonrpc"] == "2.0", let method = message["method"]?.stringValue else {
            return wire.fail(message["id"] ?? .null, code: -32_600, "a request has jsonrpc \"2.0\" and a method")
        }
        // A notification has no answer.
        guard let id = message["id"] else { return }
        if violation == .noise { wire.send("reading the queue...\n") }
        let params = message["params"] ?? [:]
        switch method {
        case "initialize": initialize(id, params)
        case "validate_config": validate(id, params)
        case "get_metric_value": value(id, params)
        case "subscribe": subscribe(id, params)
        case "unsubscribe":
            wire.answer(id, result: [:])
            if violation == .pushAfterEnd { push(params["subscription"] ?? 0, 1) }
        case "shutdown":
            wire.answer(id, result: [:])
            if violation != .ignoresTerminate, violation != .ignoresEnd { exit(0) }
        default: wire.fail(id, code: -32_601, "there is no method \(method)")
        }
    }

    private func initialize(_ id: JSON, _ params: JSON) {
        if violation == .noHandshake { return }
        guard let versions = params["protocolVersions"]?.arrayValue else {
            return wire.fail(id, code: -32_602, "protocolVersions is required")
        }
        guard versions.contains(1) else { return wire.fail(id, code: 1_000, "this plugin speaks version 1") }
        if violation == .grandchild || violation == .grandchildSession {
            ViolationEffects.leaveChild(inSession: violation == .grandchildSession)
        }
        wire.answer(
            id,
            result: [
                "protocolVersion": violation == .wrongVersion ? 9 : 1,
                "plugin": ["name": "misbehaving-plugin", "version": "1.0.0"],
                "metricTypes": [
                    [
                        "type": .string(type), "description": "The value that the config holds.",
                        "configSchema": [
                            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
                            "properties": [
                                "value": ["type": "number", "description": "What a call answers.", "default": 1]
                            ],
                            "additionalProperties": false,
                        ],
                        "defaultTargetType": "Value",
                    ]
                ],
                "capabilities": ["maxInFlight": 8, "subscribe": true],
            ])
        if violation == .stderrFlood { ViolationEffects.floodStandardError() }
        if violation == .neverReads { ViolationEffects.sleepForever() }
    }

    /// Returns the problem with the params of a call, as path and message.
    private func problem(_ params: JSON) -> (path: String, message: String)? {
        guard let config = params["config"]?.objectValue else { return ("", "config must be an object") }
        for (key, value) in config {
            guard key == "value" else { return (key, "is not a field of this config; known: value") }
            guard value.doubleValue != nil else { return (key, "must be a number") }
        }
        return nil
    }

    private func validate(_ id: JSON, _ params: JSON) {
        guard params["type"]?.stringValue == type else {
            return wire.fail(id, code: -32_602, "type must be \"\(type)\"")
        }
        guard let problem = problem(params) else { return wire.answer(id, result: ["valid": true]) }
        wire.answer(
            id,
            result: [
                "valid": false,
                "errors": [["path": .string(problem.path), "message": .string(problem.message)]],
            ])
    }

    private func value(_ id: JSON, _ params: JSON) {
        guard params["type"]?.stringValue == type, let milliseconds = params["deadlineMs"]?.intValue else {
            return wire.fail(id, code: -32_602, "type must be \"\(type)\", and deadlineMs is required")
        }
        if let problem = problem(params) {
            return wire.fail(id, code: 1_001, "\(problem.path) \(problem.message)", path: problem.path)
        }
        let value = params["config"]?["value"] ?? 1
        switch violation {
        case .halfFrame: wire.send("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":{\"val")
        case .longLine:
            wire.send("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"padding\":\"\(ViolationEffects.fiveMebibytes)\"}\n")
        case .noiseFlood:
            for line in 0..<1_000 { wire.send("this is line \(line) of a very long log\n") }
            answer(id, value)
        case .neverAnswers: break
        case .answersLate:
            ViolationEffects.sleep(milliseconds: milliseconds + 1_000)
            answer(id, value)
        case .answersTwice:
            answer(id, value)
            answer(id, value)
        case .foreignID: answer(4_000_000_000, value)
        case .exitsInCall:
            wire.send("the queue has gone away\n", to: 2)
            exit(3)
        case .allocates: answer(id, .integer(ViolationEffects.allocate()))
        case .opensFiles: answer(id, .integer(ViolationEffects.openFiles()))
        case .notANumber: answer(id, raw: "NaN")
        case .hugeValue: answer(id, raw: "1e400")
        case .invalidUTF8: wire.send(reading(id, "\(value)", detail: "?").map { $0 == UInt8(ascii: "?") ? 0xFF : $0 })
        case .lineSeparator: wire.send(reading(id, "\(value)", detail: "one\u{2028}line"))
        default: answer(id, value)
        }
    }

    /// Pushes once, because the value never changes.
    private func subscribe(_ id: JSON, _ params: JSON) {
        if let problem = problem(params) {
            return wire.fail(id, code: 1_001, "\(problem.path) \(problem.message)", path: problem.path)
        }
        wire.answer(id, result: [:])
        let value = params["config"]?["value"] ?? 1
        switch violation {
        case .pushesNothing: break
        case .pushFlood: for number in 0..<1_000 { push(id, .integer(Int64(number))) }
        case .pushUnknown:
            push(4_000_000_000, value)
            push(id, value)
        default: push(id, value)
        }
    }

    private func push(_ subscription: JSON, _ value: JSON) {
        wire.send(
            """
            {"jsonrpc":"2.0","method":"reading","params":\
            {"subscription":\(subscription),"value":\(value),"observedAt":"\(Self.now)"}}\n
            """)
    }

    private func answer(_ id: JSON, _ value: JSON) { answer(id, raw: "\(value)") }

    /// - Parameter raw: the text in place of the value's JSON.
    private func answer(_ id: JSON, raw: String) { wire.send(reading(id, raw, detail: "from the config")) }

    private func reading(_ id: JSON, _ value: String, detail: String) -> String.UTF8View {
        """
        {"jsonrpc":"2.0","id":\(id),"result":{"value":\(value),"observedAt":"\(Self.now)","detail":"\(detail)"}}\n
        """.utf8
    }

    private static var now: String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return RFC3339.text(microseconds: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000)
    }
}
