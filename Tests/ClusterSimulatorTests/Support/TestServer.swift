import ClusterSimulator
import Synchronization
import TestSupport
import WireFormats

/// An API server in memory with a manual clock and a custom resource.
struct TestServer {
    let clock = ManualClock()
    let api: APIServer

    /// - Parameter configure: changes the configuration before the server is created.
    init(configure: (inout APIServer.Configuration) -> Void = { _ in }) throws {
        let count = Mutex(0)
        var configuration = APIServer.Configuration(
            now: clock.wallMicroseconds,
            makeUID: {
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                let digits = String(number)
                return "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
            })
        configure(&configuration)
        api = APIServer(configuration: configuration)
        try api.create(Sample.definition)
        try api.create(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "test"]])
    }

    func advance(_ duration: Duration) {
        clock.advance(by: duration)
        api.advance()
    }

    // MARK: Calls

    func get(_ target: String, headers: [String: String] = [:]) -> Answer {
        call("GET", target, headers: headers)
    }

    func post(_ target: String, _ body: JSON) -> Answer { call("POST", target, body) }
    func put(_ target: String, _ body: JSON) -> Answer { call("PUT", target, body) }
    func delete(_ target: String, _ body: JSON? = nil) -> Answer { call("DELETE", target, body) }
    func merge(_ target: String, _ patch: JSON) -> Answer {
        call("PATCH", target, patch, "application/merge-patch+json")
    }

    func jsonPatch(_ target: String, _ patch: JSON) -> Answer {
        call("PATCH", target, patch, "application/json-patch+json")
    }

    func strategic(_ target: String, _ patch: JSON) -> Answer {
        call("PATCH", target, patch, "application/strategic-merge-patch+json")
    }

    func apply(_ target: String, _ object: JSON, by manager: String, force: Bool = false) -> Answer {
        call(
            "PATCH", "\(target)?fieldManager=\(manager)\(force ? "&force=true" : "")", object,
            "application/apply-patch+yaml")
    }

    func call(
        _ method: String, _ target: String, _ body: JSON? = nil, _ contentType: String = "application/json",
        headers: [String: String] = [:]
    ) -> Answer {
        call(method, target, text: body.map(\.description), contentType, headers: headers)
    }

    func call(
        _ method: String, _ target: String, text: String?, _ contentType: String = "application/json",
        headers: [String: String] = [:]
    ) -> Answer {
        var headers = headers
        headers["user-agent"] = headers["user-agent"] ?? "tests/1.0"
        if text != nil { headers["content-type"] = contentType }
        return Answer(api.handle(APIRequest(method, target, headers: headers, body: Array((text ?? "").utf8))))
    }

    /// Returns a running watch, whose events the test reads on demand.
    func watch(_ target: String, headers: [String: String] = [:]) throws -> TestWatch {
        guard case .watch(let subscription) = get(target, headers: headers).response.body else {
            throw NoWatch(target: target)
        }
        return TestWatch(subscription: subscription)
    }

    struct NoWatch: Error {
        let target: String
    }
}

/// The server's answer.
struct Answer {
    let response: APIResponse

    init(_ response: APIResponse) { self.response = response }

    var status: Int { response.status }
    var json: JSON { response.json ?? .null }

    var text: String {
        guard case .bytes(let bytes) = response.body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    var reason: String? { json["reason"]?.stringValue }
    var resourceVersion: String? { json["metadata"]?["resourceVersion"]?.stringValue }
    var generation: Int? { json["metadata"]?["generation"]?.intValue }
    var itemNames: [String] {
        json["items"]?.arrayValue?.compactMap { $0["metadata"]?["name"]?.stringValue } ?? []
    }

    /// The reasons and fields of the causes, sorted: `FieldValueInvalid spec.replicas`.
    var causes: [String] {
        (json["details"]?["causes"]?.arrayValue ?? []).map {
            "\($0["reason"]?.stringValue ?? "") \($0["field"]?.stringValue ?? "")"
        }.sorted()
    }
}

/// The client's side of a watch.
struct TestWatch {
    let subscription: WatchSubscription

    /// Returns the pending events, each as its type, a colon and the object's name: `ADDED:a`.
    func names() -> [String] {
        events().map { event in
            let name = event["object"]?["metadata"]?["name"]?.stringValue
            return "\(event["type"]?.stringValue ?? "")\(name.map { ":\($0)" } ?? "")"
        }
    }

    func events() -> [JSON] {
        subscription.poll().frames.compactMap { try? JSON(parsing: $0) }
    }
}
