import TestSupport
import Testing
import WireFormats

@testable import KubernetesClient

/// Objects that are designed to exhaust the reader's memory.
@Suite("Objects above the limits", .timeLimit(.minutes(5)))
struct ObjectReaderAttackTests {
    private static let identity: JSON = [
        "name": "huge", "namespace": "shop", "uid": "u-17", "resourceVersion": "4711", "generation": 3,
        "creationTimestamp": "2026-01-02T03:04:05Z",
    ]

    /// Returns an object whose spec has that many empty members, with 400,000 bytes of managedFields.
    private static func text(members: Int, spec: String? = nil, status: String = #"{"a":1}"#) -> [UInt8] {
        let fields = String(repeating: #"{"f:x":{}},"#, count: 40_000)
        let empty = (0..<members).map { #""m\#($0)":{}"# }.joined(separator: ",")
        let identity = "\(Self.identity)".dropFirst().dropLast()
        return Array(
            (#"{"apiVersion":"example.com/v1","kind":"Sample","metadata":{"managedFields":[\#(fields)0],\#(identity)},"#
                + #""spec":\#(spec ?? "{\(empty)}"),"status":\#(status)}"#).utf8)
    }

    private static func oversized(_ text: [UInt8], _ reader: ObjectReader = ObjectReader()) throws -> OversizedObject? {
        guard case .oversized(let object) = try reader.read(text[...]) else { return nil }
        return object
    }

    @Test("managedFields are skipped unread, and the rest of the object is read")
    func managedFields() throws {
        guard case .whole(let object) = try ObjectReader().read(Self.text(members: 7)[...]) else {
            Issue.record("is not read")
            return
        }
        #expect(object["metadata"] == Self.identity)
        #expect(object["spec"]?.objectValue?.count == 7)
        #expect(object["status"] == ["a": 1])
    }

    @Test("an object with too many values keeps its identity and status, and the exact number is reported")
    func nodes() throws {
        let object = try #require(try Self.oversized(Self.text(members: 20_011)))
        // The object, apiVersion, kind, metadata and its 6 members, spec, status and its member.
        #expect(object.bound == .nodes && object.size == 20_011 + 13 && object.limit == 8_192)
        #expect(object.partial["metadata"] == Self.identity)
        #expect(object.partial["spec"] == nil)
        #expect(object.partial["status"] == ["a": 1])
        #expect(object.description.hasPrefix("has 20024 values"))
    }

    @Test("the bytes and depth of an object are limited too, and a large status is not kept")
    func bytesAndDepth() throws {
        let long = try #require(
            try Self.oversized(Self.text(members: 0, spec: "\"\(String(repeating: "x", count: 300_001))\"")))
        #expect(long.bound == .bytes && long.limit == 262_144)
        #expect((300_001..<301_000).contains(long.size))
        let nested = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        let deep = try #require(try Self.oversized(Self.text(members: 0, spec: nested)))
        #expect(deep.bound == .depth && deep.size == 201)
        let status = "[" + String(repeating: "0,", count: 9_000) + "0]"
        #expect(try #require(try Self.oversized(Self.text(members: 0, status: status))).partial["status"] == nil)
    }

    @Test("the identity of an oversized object is not kept if it is too large itself")
    func identity() throws {
        let name = String(repeating: "n", count: 2_000)
        let text =
            #"{"metadata":{"name":"\#(name)","uid":[],"resourceVersion":"1"},"spec":\#(String(repeating: "[", count: 130) + String(repeating: "]", count: 130))}"#
        let object = try #require(try Self.oversized(Array(text.utf8)))
        #expect(object.partial["metadata"] == ["resourceVersion": "1", "uid": []])
    }

    @Test("unused fields do not count toward the limits of an object, regardless of their size")
    func projection() throws {
        let spec = #"{"replicas":7,"template":{"x":"\#(String(repeating: "y", count: 600_000))"}}"#
        let reader = ObjectReader(ObjectFields(["spec": ["replicas"], "status": ["readyReplicas"]]))
        guard case .whole(let object) = try reader.read(Self.text(members: 0, spec: spec)[...]) else {
            Issue.record("is not read")
            return
        }
        #expect(object["spec"] == ["replicas": 7])
        #expect(object["status"] == [:])
        #expect(object["metadata"] == Self.identity)
    }

    @Test("paths keep values deep in an object and in the objects of arrays, and skip what lies beside them")
    func paths() throws {
        let long = String(repeating: "y", count: 300_000)
        let spec =
            #"{"replicas":7,"template":{"a":{"b":[{"c":{"x":1},"y":"\#(long)"},{},3,[{"c":2}],{"d":4,"c":5}],"e":"\#(long)"},"#
            + #""f":[ ]},"other":1}"#
        let reader = ObjectReader(
            ObjectFields(
                ["spec": ["replicas"]],
                paths: [
                    ["spec", "template", "a", "b", "c"], ["spec", "template", "a", "b", "d"],
                    ["spec", "template", "f"],
                ]))
        guard case .whole(let object) = try reader.read(Self.text(members: 0, spec: spec)[...]) else {
            Issue.record("is not read")
            return
        }
        #expect(
            object["spec"] == [
                "replicas": 7, "template": ["a": ["b": [["c": ["x": 1]], [:], ["d": 4, "c": 5]]], "f": []],
            ])
        guard case .whole(let scalar) = try reader.read(Self.text(members: 0, spec: #"{"template":null}"#)[...]) else {
            Issue.record("is not read")
            return
        }
        #expect(scalar["spec"] == ["template": nil])
    }

    @Test("a list is read in chunks of any size, item by item", arguments: [1, 2, 7, 64, 4_099])
    func list(chunk: Int) throws {
        let names = (0..<40).map { "item\($0) \\\" ]}{[," }
        let items = names.map { JSON(dictionaryLiteral: ("metadata", ["name": .string($0)]), ("n", [1, [], nil])) }
        let list: JSON = [
            "kind": "List", "apiVersion": "v1", "metadata": ["resourceVersion": "9", "continue": "t"],
            "items": .array(items), "z": [["items": [1]]],
        ]
        let text = list.encoded()
        var reader = ListReader()
        var read: [JSON] = []
        for start in stride(from: 0, to: text.count, by: chunk) {
            try reader.append(Array(text[start..<min(start + chunk, text.count)])) {
                read.append(try JSON(parsing: $0))
            }
        }
        #expect(try reader.finish() == ["resourceVersion": "9", "continue": "t"])
        #expect(read == items)
    }

    @Test("an item longer than any valid object is reported with its beginning, and the items after it are read")
    func endlessItem() throws {
        var reader = ListReader()
        var read: [ReadObject] = []
        func append(_ text: String) throws {
            try reader.append(Array(text.utf8)) { read.append(try ObjectReader().read($0)) }
        }
        try append(#"{"metadata":{"resourceVersion":"5"},"items":[{"metadata":\#(Self.identity),"spec":""#)
        for _ in 0..<160 { try append(String(repeating: "x", count: 1 << 16)) }
        try append(#""},{"metadata":{"name":"next"}}]}"#)
        _ = try reader.finish()
        try #require(read.count == 2)
        guard case .oversized(let huge) = read[0] else {
            Issue.record("is read")
            return
        }
        #expect(huge.bound == .bytes && huge.partial["metadata"] == Self.identity)
        #expect(read[1] == .whole(["metadata": ["name": "next"]]))
    }

    @Test("an informer reports an object above the limits once by name, in lists and watches, and reads the others")
    func informer() async throws {
        let fixture = Fixture()
        let (told, tell) = AsyncStream<String>.makeStream()
        let informer = Informer(
            client: fixture.client, kind: .sample, scope: .allNamespaces, logger: .silent,
            decodeOversized: { $0.bound == .nodes ? -1 : -2 }, decode: decodeSize,
            handle: { tell.yield($0.summary) })
        func huge(_ name: String, version: Int) -> JSON {
            sample(name, version: version, size: .array(Array(repeating: [:], count: 9_000)))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await informer.run() }
            var events = told.makeAsyncIterator()
            try await fixture.server.next().answer(
                samples(version: 10, huge("a", version: 1), sample("b", version: 2)))
            for expected in ["added a -1", "added b 1", "synced"] { #expect(await events.next() == expected) }
            let body = try await fixture.server.next().stream()
            body.send("MODIFIED", huge("b", version: 11))
            body.send("MODIFIED", sample("a", version: 12, size: 5))
            #expect(await events.next() == "updated b 1 -> -1")
            #expect(await events.next() == "updated a -1 -> 5")
            group.cancelAll()
        }
    }
}
