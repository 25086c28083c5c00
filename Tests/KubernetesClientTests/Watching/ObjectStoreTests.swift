import Testing
import WireFormats

@testable import KubernetesClient

@Suite("An informer's store")
struct ObjectStoreTests {
    private var store = ObjectStore<Int>()

    private func observed(_ name: String, _ version: Int, uid: String? = nil, size: JSON = 1) throws
        -> ObservedObject<Int>
    {
        try ObservedObject(.whole(sample(name, version: version, uid: uid, size: size)), decode: decodeSize)
    }

    private func key(_ name: String) -> ObjectKey { ObjectKey(namespace: "shop", name: name) }

    @Test("the store reports added, updated and deleted objects")
    func lifecycle() throws {
        var store = store
        #expect(store.apply(try observed("a", 1)).map(\.summary) == ["added a 1"])
        #expect(store.apply(try observed("a", 1)).isEmpty)
        #expect(store.apply(try observed("a", 2, size: 5)).map(\.summary) == ["updated a 1 -> 5"])
        #expect(store[key("a")] == 5)
        #expect(store.objects == [5])
        #expect(store.remove(key("a")).map(\.summary) == ["deleted a 5"])
        #expect(store.remove(key("a")).isEmpty)
    }

    @Test("an object that becomes malformed is reported and removed from the store until it is valid again")
    func malformed() throws {
        var store = store
        _ = store.apply(try observed("a", 1))
        let events = store.apply(try observed("a", 2, size: "big"))
        guard case .malformed(let malformed) = try #require(events.first) else {
            Issue.record("not malformed: \(events)")
            return
        }
        #expect(
            malformed
                == MalformedObject(
                    key: key("a"), uid: "uid-a", resourceVersion: "2", generation: 3,
                    message: "spec.size: must be a whole number, not a string"))
        #expect(store[key("a")] == nil)
        #expect(store.objects.isEmpty)
        // A list that finds it unchanged reports nothing.
        #expect(store.apply(try observed("a", 2, size: "big")).isEmpty)
        #expect(store.apply(try observed("a", 3, size: 4)).map(\.summary) == ["added a 4"])
        _ = store.apply(try observed("a", 4, size: "big"))
        #expect(store.remove(key("a")).map(\.summary) == ["deleted a unread"])
    }

    @Test("a new object with the name of an old one is reported as a deletion and an addition")
    func recreated() throws {
        var store = store
        _ = store.apply(try observed("a", 1))
        #expect(
            store.apply(try observed("a", 9, uid: "other", size: 2)).map(\.summary) == ["deleted a 1", "added a 2"])
        #expect(
            store.apply(try observed("a", 10, uid: "third", size: "x")).map(\.summary)
                == ["deleted a 2", "malformed a"])
    }

    @Test("a list of one namespace removes missing objects of that namespace only")
    func sweep() throws {
        var store = store
        for name in ["a", "b", "c"] { _ = store.apply(try observed(name, 1)) }
        let elsewhere: JSON = [
            "metadata": ["name": "z", "namespace": "other", "resourceVersion": "1"], "spec": ["size": 7],
        ]
        _ = store.apply(try ObservedObject(.whole(elsewhere), decode: decodeSize))
        #expect(store.removeAll(in: "shop", butKeep: [key("b")]).map(\.summary) == ["deleted a 1", "deleted c 1"])
        #expect(store.objects.sorted() == [1, 7])
        #expect(store.removeAll(in: nil, butKeep: [key("b")]).map(\.summary) == ["deleted z 7"])
    }

    @Test("an object without a name or a version cannot be observed")
    func nameless() {
        for json: JSON in [[:], ["metadata": [:]], ["metadata": ["name": "a"]], ["metadata": ["resourceVersion": "1"]]]
        {
            #expect(throws: JSONPathError.self) { try ObservedObject(.whole(json), decode: { _ in 1 }) }
        }
    }
}

@Sendable func decodeSize(_ json: JSON) throws -> Int {
    try JSONReader(json).required("spec").required("size").int(in: 0...1_000)
}

extension InformerEvent<Int> {
    var summary: String {
        switch self {
        case .added(let key, let object): "added \(key.name) \(object)"
        case .updated(let key, let old, let new): "updated \(key.name) \(old) -> \(new)"
        case .deleted(let key, let last): "deleted \(key.name) \(last.map(String.init) ?? "unread")"
        case .malformed(let object): "malformed \(object.key.name)"
        case .synced: "synced"
        }
    }
}
