import Testing
import WireFormats

@Suite("Reading typed values, with the place and the fix in every error")
struct JSONReaderTests {
    enum Behavior: String, CaseIterable {
        case hold = "Hold"
        case `static` = "Static"
    }

    private let document = JSONReader([
        "spec": [
            "max": 10, "min": -1, "huge": 4_294_967_296, "half": 0.5, "whole": 2.0, "name": "", "mode": "Fast",
            "on": true, "gone": nil, "metrics": [["type": "prometheus"], ["type": 7], "x"],
        ]
    ])

    private func spec() throws -> JSONReader { try document.required("spec") }

    @Test("an existing member is returned")
    func values() throws {
        let spec = try spec()
        #expect(spec.path == "spec")
        #expect(try spec.required("max").int(in: 1...10) == 10)
        #expect(try spec.required("whole").int(in: 1...10) == 2)
        #expect(try spec.required("max").double() == 10)
        #expect(try spec.required("half").double() == 0.5)
        #expect(try spec.required("on").bool())
        #expect(try spec.required("name").string().isEmpty)
        #expect(try spec.optional("gone") == nil)
        #expect(try spec.optional("absent") == nil)
        #expect(try JSONReader("Static").oneOf(Behavior.self) == .static)
        let metrics = try spec.required("metrics").elements()
        #expect(metrics.map(\.path) == ["spec.metrics[0]", "spec.metrics[1]", "spec.metrics[2]"])
        #expect(try metrics[0].required("type").nonEmptyString() == "prometheus")
        #expect(throws: Never.self) { try metrics[0].rejectUnknown("type", "name") }
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let message: String
        let read: @Sendable (JSONReader) throws -> Void

        init(_ message: String, _ read: @escaping @Sendable (JSONReader) throws -> Void) {
            self.message = message
            self.read = read
        }

        var testDescription: String { message }
    }

    static let faults = [
        Fault("spec.absent: is required") { _ = try $0.required("absent") },
        Fault("spec.gone: is required") { _ = try $0.required("gone") },
        Fault("spec.max: must be an object, not a number") { _ = try $0.required("max").optional("x") },
        Fault("spec.on: must be an array, not a boolean") { _ = try $0.required("on").elements() },
        Fault("spec.metrics[1].type: must be a string, not a number") {
            _ = try $0.required("metrics").elements()[1].required("type").string()
        },
        Fault("spec.metrics[2]: must be an object, not a string") {
            _ = try $0.required("metrics").elements()[2].required("type")
        },
        Fault("spec.name: must not be empty") { _ = try $0.required("name").nonEmptyString() },
        Fault("spec.name: must be true or false, not a string") { _ = try $0.required("name").bool() },
        Fault("spec.name: must be a number, not a string") { _ = try $0.required("name").double() },
        Fault("spec.name: must be a whole number, not a string") { _ = try $0.required("name").int(in: 0...1) },
        Fault("spec.half: must be a whole number, not 0.5") { _ = try $0.required("half").int(in: 0...1) },
        Fault("spec.max: must be from 1 to 9, not 10") { _ = try $0.required("max").int(in: 1...9) },
        Fault("spec.min: must be at least 0, not -1") { _ = try $0.required("min").int(in: 0...Int(Int32.max)) },
        Fault("spec.min: must be at least 0, not -1") { _ = try $0.required("min").int(in: 0 ... .max) },
        Fault("spec.huge: must be from 0 to 2147483647, not 4294967296") {
            _ = try $0.required("huge").int(in: 0...Int(Int32.max))
        },
        Fault("spec.mode: must be one of Hold, Static, not \"Fast\"") {
            _ = try $0.required("mode").oneOf(Behavior.self)
        },
        Fault("spec.gone: is not a known field; known fields: max, min") { try $0.rejectUnknown("max", "min") },
    ]

    @Test("each error of the typed reader names the place and the fix", arguments: faults)
    func errorTypedReader(_ fault: Fault) throws {
        let spec = try spec()
        // If there are several unknown fields, the first in alphabetical order is named.
        let only =
            fault.message.contains("not a known") ? JSONReader(["max": 1, "zone": 2, "gone": 3], path: "spec") : spec
        let error = #expect(throws: JSONPathError.self) { try fault.read(only) }
        #expect(error?.description == fault.message)
    }

    @Test("an error about the document itself has no path")
    func root() {
        #expect(throws: JSONPathError(path: "", message: "must be an object, not null")) {
            _ = try JSONReader(nil).object()
        }
        #expect(JSONReader(nil).error("is odd").description == "is odd")
    }

    @Test("a long invalid choice is truncated in the error")
    func longChoice() {
        let error = #expect(throws: JSONPathError.self) {
            try JSONReader(.string(String(repeating: "x", count: 10_000))).oneOf(Behavior.self)
        }
        #expect((error?.message.count ?? .max) < 120)
    }
}
