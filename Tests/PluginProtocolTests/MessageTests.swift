import Testing
import WireFormats

@testable import PluginProtocol

@Suite("Protocol messages")
struct MessageTests {
    private let full: JSON = [
        "protocolVersion": 1,
        "plugin": ["name": "n", "version": "1.2.3"],
        "metricTypes": [
            [
                "type": "depth", "description": "d", "configSchema": ["type": "object"],
                "defaultTargetType": "AverageValue", "maxAgeMs": 60_000,
            ]
        ],
        "capabilities": [
            "maxInFlight": 8, "cancel": true, "batch": true, "range": true, "subscribe": true,
            "maxRequestBytes": 100_000,
        ],
    ]

    private func changed(_ json: JSON, _ path: [String], to value: JSON?) -> JSON {
        guard let key = path.first else { return value ?? .null }
        guard case .object(var members) = json else {
            return .array((json.arrayValue ?? []).map { changed($0, path, to: value) })
        }
        members[key] = path.count == 1 ? value : members[key].map { changed($0, Array(path.dropFirst()), to: value) }
        return .object(members)
    }

    @Test("a handshake with all members and one with the required members round-trip")
    func handshake() throws {
        let read = try InitializeResult(JSONReader(full))
        #expect(read.json == full)
        #expect(read.capabilities.maxInFlight == 8)
        let least = changed(changed(full, ["capabilities"], to: nil), ["metricTypes", "maxAgeMs"], to: nil)
        let plain = try InitializeResult(JSONReader(least))
        #expect(plain.capabilities == PluginCapabilities())
        #expect(plain.capabilities.maxInFlight == 1)
        #expect(plain.metricTypes.first?.maxAgeMs == nil)
        #expect(try InitializeResult(JSONReader(plain.json)) == plain)
    }

    @Test(
        "a handshake with an invalid member is rejected with its name",
        arguments: [
            (["protocolVersion"], nil, "protocolVersion: is required"),
            (["protocolVersion"], 0, "protocolVersion: must be at least 1"),
            (["plugin"], "n", "plugin: must be an object"),
            (["plugin", "name"], "", "plugin.name: must not be empty"),
            (["plugin", "version"], nil, "plugin.version: is required"),
            (["metricTypes"], [], "metricTypes: must name at least one"),
            (["metricTypes", "type"], 3, "metricTypes[0].type: must be a string"),
            (["metricTypes", "configSchema"], true, "metricTypes[0].configSchema: must be an object"),
            (["metricTypes", "defaultTargetType"], "Average", "must be one of Value, AverageValue"),
            (["metricTypes", "maxAgeMs"], -1, "metricTypes[0].maxAgeMs: must be at least 1"),
            (["capabilities", "maxInFlight"], 0, "capabilities.maxInFlight: must be at least 1"),
            (["capabilities", "cancel"], "yes", "capabilities.cancel: must be true or false"),
            (["capabilities", "maxRequestBytes"], 1_000, "capabilities.maxRequestBytes: must be at least 61440"),
        ] as [([String], JSON?, String)])
    func wrongHandshake(path: [String], value: JSON?, problem: String) {
        let error = #expect(throws: JSONPathError.self) {
            try InitializeResult(JSONReader(changed(full, path, to: value)))
        }
        #expect(error?.description.contains(problem) == true, "\(error.debugDescription)")
    }

    @Test(
        "a config verdict round-trips",
        arguments: [
            .valid(targetType: nil), .valid(targetType: .value),
            .invalid([ConfigProblem(path: "a.b", message: "no"), ConfigProblem(path: "", message: "neither")]),
        ] as [ValidateConfigResult])
    func verdict(verdict: ValidateConfigResult) throws {
        #expect(try ValidateConfigResult(JSONReader(verdict.json)) == verdict)
    }

    @Test(
        "an incomplete config verdict is rejected with the missing member",
        arguments: [
            ([:], "valid: is required"), (["valid": false], "errors: is required"),
            (["valid": false, "errors": []], "errors: must name at least one"),
            (["valid": false, "errors": [["path": "a"]]], "errors[0].message: is required"),
            (["valid": true, "targetType": "x"], "targetType: must be one of"),
        ] as [(JSON, String)])
    func wrongVerdict(json: JSON, problem: String) {
        let error = #expect(throws: JSONPathError.self) { try ValidateConfigResult(JSONReader(json)) }
        #expect(error?.description.contains(problem) == true)
    }

    @Test("every kind of error has a unique code and round-trips", arguments: PluginError.Kind.allCases)
    func errorKind(kind: PluginError.Kind) throws {
        let error = PluginError(kind, "m", retryAfterMs: 5, path: "p")
        var writer = JSONWriter()
        error.encode(into: &writer)
        let json = try JSON(parsing: writer.bytes)
        #expect(try PluginError(JSONReader(json)) == error)
        #expect(json["data"]?["kind"]?.stringValue == kind.rawValue)
        #expect(PluginError.Kind.allCases.count { $0.code == kind.code } == 1)
    }

    @Test("an unknown error code is read as an internal error")
    func unknownCode() throws {
        let error = try PluginError(JSONReader(["code": 4_711, "message": "m"]))
        #expect(error == PluginError(.internalError, "m"))
    }

    @Test(
        "a call with an invalid member is rejected with its name",
        arguments: [
            ("type", nil, "type: is required"), ("config", [], "config: must be an object"),
            ("targetType", "value", "targetType: must be one of"), ("deadlineMs", 0, "deadlineMs: must be at least 1"),
        ] as [(String, JSON?, String)])
    func wrongCall(member: String, value: JSON?, problem: String) {
        let call: JSON = ["type": "t", "config": [:], "targetType": "Value", "deadlineMs": 5]
        let error = #expect(throws: JSONPathError.self) {
            try GetMetricValueParams(JSONReader(changed(call, [member], to: value)))
        }
        #expect(error?.description.contains(problem) == true)
    }
}
