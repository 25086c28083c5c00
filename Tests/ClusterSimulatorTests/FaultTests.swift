import ClusterSimulator
import Testing
import WireFormats

@Suite struct FaultTests {
    private let server: TestServer

    init() throws {
        server = try TestServer()
    }

    @Test("a fault applies to the requests that its rule matches, as often as set")
    func faultAppliesRequests() {
        server.api.addFault(
            FaultRule(FaultRule.tooManyRequests(retryAfterSeconds: 7), verbs: ["list"], resource: "samples", times: 2))
        func verdict(_ method: String, _ target: String) -> APIResponse? {
            server.api.admit(APIRequest(method, target)).answer
        }
        #expect(verdict("GET", "\(Sample.path)/a") == nil)
        #expect(verdict("GET", "/api/v1/namespaces") == nil)
        for _ in 0..<2 {
            let answer = verdict("GET", Sample.path)
            #expect(answer?.status == 429)
            #expect(answer?.retryAfterSeconds == 7)
            #expect(answer?.json?["reason"] == "TooManyRequests")
        }
        #expect(verdict("GET", Sample.path) == nil)
    }

    @Test("delays add up, and the first refusal takes effect")
    func delaysAddFirst() {
        server.api.addFault(FaultRule(.delay(.seconds(1))))
        server.api.addFault(FaultRule(.delay(.seconds(2)), resource: "samples"))
        server.api.addFault(FaultRule(FaultRule.internalError, resource: "samples"))
        server.api.addFault(FaultRule(.breakAnswer, resource: "samples"))
        let verdict = server.api.admit(APIRequest("GET", Sample.path))
        #expect(verdict.delay == .seconds(3))
        #expect(verdict.answer?.status == 500)
        #expect(verdict.breaksAnswer == false)
        server.api.removeFaults()
        #expect(server.api.admit(APIRequest("GET", Sample.path)).delay == nil)
    }

    @Test("a watch can be ended with the error that its version has expired")
    func watchEndedError() {
        server.api.addFault(FaultRule(.expireWatch, times: 1))
        #expect(server.api.admit(APIRequest("GET", Sample.path)).answer == nil)
        let answer = server.api.admit(APIRequest("GET", "\(Sample.path)?watch=1")).answer
        #expect(answer?.status == 200)
        guard case .watch(let subscription) = answer?.body else {
            Issue.record("no watch")
            return
        }
        #expect(TestWatch(subscription: subscription).names() == ["ERROR"])
    }

    @Test("the request log has each request's client and outcome")
    func requestLogRequest() {
        server.api.clearRequests()
        _ = server.call("GET", "\(Sample.path)/a?x=1", headers: ["user-agent": "alice"])
        server.api.addFault(FaultRule(FaultRule.internalError, verbs: ["create"]))
        _ = server.api.admit(APIRequest("POST", Sample.path, body: [1, 2]))
        let log = server.api.requests
        #expect(log.map(\.status) == [404, 500])
        #expect(log[0].userAgent == "alice")
        #expect(log[0].info?.verb == "get")
        #expect(log[0].query.first?.value == "1")
        #expect(log[1].body == [1, 2])
    }
}
