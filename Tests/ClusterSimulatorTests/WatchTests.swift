import ClusterSimulator
import Testing
import WireFormats

@Suite(.timeLimit(.minutes(5))) struct WatchTests {
    private let server: TestServer

    init() throws {
        server = try TestServer()
    }

    private func create(_ names: String...) {
        for name in names { #expect(server.post(Sample.path, Sample.object(name)).status == 201) }
    }

    private var version: String { server.get(Sample.path).resourceVersion ?? "" }

    @Test("a watch reports each change in order, and a deletion with the last state and a newer version")
    func watchReportsChange() throws {
        create("a")
        let watch = try server.watch("\(Sample.path)?watch=1&resourceVersion=\(version)")
        create("w")
        #expect(server.merge("\(Sample.path)/w", ["spec": ["max": 11]]).status == 200)
        let last = server.merge("\(Sample.path)/w/status", ["status": ["x": 1]])
        #expect(server.delete("\(Sample.path)/w").status == 200)
        let events = watch.events()
        #expect(events.compactMap { $0["type"]?.stringValue } == ["ADDED", "MODIFIED", "MODIFIED", "DELETED"])
        let deleted = try #require(events.last?["object"])
        #expect(deleted["status"] == ["x": 1])
        let versions = events.compactMap {
            $0["object"]?["metadata"]?["resourceVersion"]?.stringValue.flatMap(Int.init)
        }
        #expect(versions == versions.sorted() && Set(versions).count == 4)
        #expect(versions.last! > Int(last.resourceVersion!)!)
    }

    @Test("a watch resumes after any version in the history")
    func watchResumesVersion() throws {
        create("a")
        let middle = version
        create("b", "c")
        #expect(try server.watch("\(Sample.path)?watch=1&resourceVersion=\(middle)").names() == ["ADDED:b", "ADDED:c"])
    }

    @Test("a watch without a version begins with the current state", arguments: ["", "&resourceVersion=0"])
    func watchVersionBegins(query: String) throws {
        create("a", "b")
        let watch = try server.watch("\(Sample.path)?watch=1\(query)")
        #expect(watch.names() == ["ADDED:a", "ADDED:b"])
        create("c")
        #expect(watch.names() == ["ADDED:c"])
    }

    @Test("the initial state can be requested, and a bookmark marks its end")
    func initialStateRequested() throws {
        create("a")
        let query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        let events = try server.watch("\(Sample.path)?\(query)").events()
        #expect(events.compactMap { $0["type"]?.stringValue } == ["ADDED", "BOOKMARK"])
        let mark = events.last?["object"]?["metadata"]?["annotations"]?["k8s.io/initial-events-end"]
        #expect(mark == "true")
        #expect(server.get("\(Sample.path)?watch=1&sendInitialEvents=true").status == 422)
    }

    @Test("bookmarks are sent every minute and before the timeout, which ends the watch cleanly")
    func bookmarksSentMinute() throws {
        let watch = try server.watch(
            "\(Sample.path)?watch=1&resourceVersion=\(version)&timeoutSeconds=90&allowWatchBookmarks=true")
        server.advance(.seconds(59))
        #expect(watch.names() == [])
        server.advance(.seconds(1))
        #expect(watch.names() == ["BOOKMARK"])
        server.advance(.seconds(28))
        #expect(watch.names() == ["BOOKMARK"])
        server.advance(.seconds(1))
        #expect(watch.names() == ["BOOKMARK"])
        server.advance(.seconds(1))
        #expect(watch.subscription.poll().ending == .complete)
        let quiet = try server.watch("\(Sample.path)?watch=1&resourceVersion=\(version)&timeoutSeconds=90")
        server.advance(.seconds(90))
        #expect(quiet.subscription.poll().frames.isEmpty)
    }

    @Test("an expired version is a 410 inside a stream with status 200")
    func expiredVersion410() throws {
        create("a")
        let old = version
        create("b")
        server.api.compact()
        for version in ["1", old] {
            let answer = server.get("\(Sample.path)?watch=1&resourceVersion=\(version)")
            #expect(answer.status == 200)
            guard case .watch(let subscription) = answer.response.body else { continue }
            let (frames, ending) = subscription.poll()
            let event = try JSON(parsing: try #require(frames.first))
            #expect(event["type"] == "ERROR")
            #expect(event["object"]?["code"] == 410)
            #expect(event["object"]?["reason"] == "Expired")
            #expect(ending == .complete)
        }
        #expect(server.get("\(Sample.path)?watch=1&resourceVersion=abc").status == 500)
    }

    @Test("an object that leaves the selection is deleted for that watch, and one that enters is added")
    func objectLeavesSelection() throws {
        create("a")
        #expect(server.merge("\(Sample.path)/a", ["metadata": ["labels": ["tier": "gold"]]]).status == 200)
        let watch = try server.watch("\(Sample.path)?watch=1&labelSelector=tier%3Dgold&resourceVersion=\(version)")
        let left = server.merge("\(Sample.path)/a", ["metadata": ["labels": ["tier": .null]]])
        let event = try #require(watch.events().first)
        #expect(event["type"] == "DELETED")
        // The last matching state, with the version of the change.
        #expect(event["object"]?["metadata"]?["labels"] == ["tier": "gold"])
        #expect(event["object"]?["metadata"]?["resourceVersion"]?.stringValue == left.resourceVersion)
        create("b")
        #expect(watch.names() == [])
        #expect(server.merge("\(Sample.path)/a", ["metadata": ["labels": ["tier": "gold"]]]).status == 200)
        #expect(watch.names() == ["ADDED:a"])
    }

    @Test("a watch of one name and of one namespace reports nothing else")
    func watchNameNamespace() throws {
        let named = try server.watch(
            "\(Sample.path)?watch=1&fieldSelector=metadata.name%3Da&resourceVersion=\(version)")
        let everywhere = try server.watch("/apis/tests.example.com/v1/samples?watch=1&resourceVersion=\(version)")
        create("a", "b")
        #expect(server.post("/apis/tests.example.com/v1/namespaces/default/samples", Sample.object("a")).status == 201)
        #expect(named.names() == ["ADDED:a"])
        #expect(everywhere.names() == ["ADDED:a", "ADDED:b", "ADDED:a"])
    }

    @Test("a watch that does not keep up is cut off")
    func watchKeepCut() throws {
        let server = try TestServer { $0.watchQueueLimit = 2 }
        #expect(server.post(Sample.path, Sample.object("a")).status == 201)
        let slow = try server.watch("\(Sample.path)?watch=1")
        #expect(slow.names() == ["ADDED:a"])
        for name in ["b", "c"] { #expect(server.post(Sample.path, Sample.object(name)).status == 201) }
        #expect(slow.subscription.isEnded == false)
        #expect(server.post(Sample.path, Sample.object("d")).status == 201)
        #expect(slow.subscription.poll().ending == .cut)
    }

    @Test("the watch history is bounded")
    func watchHistoryBounded() throws {
        let server = try TestServer { $0.historyLimit = 3 }
        let start = server.get(Sample.path).resourceVersion!
        for name in ["a", "b", "c"] { #expect(server.post(Sample.path, Sample.object(name)).status == 201) }
        #expect(try server.watch("\(Sample.path)?watch=1&resourceVersion=\(start)").names().count == 3)
        #expect(server.post(Sample.path, Sample.object("d")).status == 201)
        #expect(try server.watch("\(Sample.path)?watch=1&resourceVersion=\(start)").names() == ["ERROR"])
    }

    @Test("rows of a watched table contain the columns once")
    func rowsWatchedTable() throws {
        create("a", "b")
        let accept = ["accept": "application/json;as=Table;v=v1;g=meta.k8s.io"]
        let events = try server.watch("\(Sample.path)?watch=1", headers: accept).events()
        #expect(events.map { $0["object"]?["columnDefinitions"]?.arrayValue?.count } == [4, 0])
        #expect(events.compactMap { $0["object"]?["rows"]?[0]?["cells"]?[0]?.stringValue } == ["a", "b"])
    }

    @Test("waiting for an event ends with the event or with the watch")
    func waitingEventEnds() async throws {
        let watch = try server.watch("\(Sample.path)?watch=1&resourceVersion=\(version)")
        async let waiting = watch.subscription.next()
        create("a")
        #expect(await waiting.frames.count == 1)
        async let ended = watch.subscription.next()
        server.api.cutWatches(ofResource: "samples")
        #expect(await ended.ending == .cut)
        let task = Task {
            [subscription = try server.watch("\(Sample.path)?watch=1&resourceVersion=\(version)").subscription] in
            await subscription.next().ending
        }
        task.cancel()
        #expect(await task.value == .cut)
    }
}
