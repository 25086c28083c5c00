import HTTPTransport
import TestSupport
import Testing
import WireFormats

@testable import KubernetesClient

@Suite("Scale, leases and discovery", .timeLimit(.minutes(5)))
struct SubresourceTests {
    private let fixture = Fixture()

    // MARK: Scale

    @Test("the scale is read with its resourceVersion, and an omitted count is zero")
    func readScale() async throws {
        async let scale = fixture.client.scale(of: .deployment, .web)
        let call = try await fixture.server.next()
        #expect(call.line == "GET /apis/apps/v1/namespaces/shop/deployments/web/scale")
        call.answer(scaleObject(replicas: 0))
        let read = try await scale
        #expect(read.replicas == 0)
        #expect(read.observedReplicas == 2)
        #expect(read.resourceVersion == "7")
        #expect(read.key == .web)
    }

    @Test("a scale patch carries the resourceVersion of the decision, and a conflict is reported")
    func patchScale() async throws {
        async let result = Result {
            try await fixture.client.patchScale(of: .deployment, .web, replicas: 5, resourceVersion: "7")
        }
        let call = try await fixture.server.next()
        #expect(
            call.line == "PATCH /apis/apps/v1/namespaces/shop/deployments/web/scale?fieldManager=generalscaler")
        #expect(call.header("Content-Type") == "application/merge-patch+json")
        #expect(call.body == ["metadata": ["resourceVersion": "7"], "spec": ["replicas": 5]])
        call.answer(409, status(409, "Conflict"))
        #expect(try #require(await result.failure as? KubernetesError).kind == .conflict)
    }

    @Test(
        "a scale request that the object's own fields prevent is sent once, and its error names the reason",
        arguments: [
            (
                #"Internal error occurred: the spec replicas field ".spec.size.wanted" does not exist"#,
                ScaleFault.missingReplicas(path: ".spec.size.wanted")
            ),
            (#"the spec replicas field ".spec.replicas" cannot be empty"#, .missingReplicas(path: ".spec.replicas")),
            (".spec.replicas accessor error: 3 is of the type string, expected int64", .wrongType),
        ])
    func unreadableScale(message: String, fault: ScaleFault) async throws {
        let fixture = Fixture()
        async let result = Result { try await fixture.client.scale(of: .sample, .web) }
        try await fixture.server.next().answer(500, status(500, "InternalError", message))
        guard case .failure(let error as KubernetesError) = await result else {
            Issue.record("the scale was read")
            return
        }
        #expect(error.scaleFault == fault)
    }

    @Test("a 500 response to a scale request with another cause is retried")
    func serverFault() async throws {
        let fixture = Fixture()
        async let scale = fixture.client.scale(of: .deployment, .web)
        let message = "etcdserver: the spec does not exist yet"
        try await fixture.server.next().answer(500, status(500, "InternalError", message))
        try await fixture.clock.sleepers()
        fixture.clock.advanceToNextSleeper()
        try await fixture.server.next().answer(scaleObject(replicas: 7))
        #expect(try await scale.replicas == 7)
        #expect(KubernetesError(.serverError, message).scaleFault == nil)
    }

    @Test("a malformed scale subresource is an error")
    func malformedScale() async throws {
        async let result = Result { try await fixture.client.scale(of: .deployment, .web) }
        try await fixture.server.next().answer(["metadata": ["name": "web"], "spec": ["replicas": "five"]])
        #expect(try #require(await result.failure as? KubernetesError).kind == .malformedAnswer)
    }

    // MARK: Leases

    private let leaseKey = ObjectKey(namespace: "ops", name: "leader")

    @Test("a lease is created with six fractional digits of a second, as the API server requires")
    func createLease() async throws {
        let lease = Lease(
            key: leaseKey, holder: "one", durationSeconds: 15, acquired: 1_767_225_600_000_000,
            renewed: 1_767_225_600_000_000, transitions: 0)
        async let created = fixture.client.createLease(lease, deadline: .seconds(5))
        let call = try await fixture.server.next()
        #expect(call.line == "POST /apis/coordination.k8s.io/v1/namespaces/ops/leases?fieldManager=generalscaler")
        #expect(call.request.timeout == .seconds(5))
        let spec: JSON = [
            "holderIdentity": "one", "leaseDurationSeconds": 15, "leaseTransitions": 0,
            "acquireTime": "2026-01-01T00:00:00.000000Z", "renewTime": "2026-01-01T00:00:00.000000Z",
        ]
        #expect(call.body?["spec"] == spec)
        call.answer(201, leaseObject(spec))
        #expect(try await created.resourceVersion == "4")
    }

    @Test("an update keeps unknown fields of the lease and its resourceVersion")
    func updateLease() async throws {
        async let read = fixture.client.lease(leaseKey, deadline: .seconds(5))
        try await fixture.server.next().answer(
            leaseObject(["holderIdentity": "two", "leaseDurationSeconds": 15, "strategy": "OldestEmulationVersion"]))
        var lease = try await read
        #expect(lease.holder == "two")
        #expect(lease.renewed == nil)

        lease.holder = "one"
        lease.renewed = 1_767_225_601_500_000
        lease.transitions += 1
        let changed = lease
        async let updated = fixture.client.updateLease(changed, deadline: .seconds(5))
        let call = try await fixture.server.next()
        #expect(call.body?["metadata"]?["resourceVersion"] == "4")
        #expect(call.body?["metadata"]?["annotations"] == ["a": "b"])
        #expect(call.body?["spec"]?["strategy"] == "OldestEmulationVersion")
        #expect(call.body?["spec"]?["renewTime"] == "2026-01-01T00:00:01.500000Z")
        call.answer(leaseObject(["holderIdentity": "one", "leaseDurationSeconds": 15]))
        #expect(try await updated.holder == "one")
    }

    private func leaseObject(_ spec: JSON) -> JSON {
        [
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": [
                "name": "leader", "namespace": "ops", "resourceVersion": "4", "annotations": ["a": "b"],
            ],
            "spec": spec,
        ]
    }

    // MARK: Discovery

    private let apps: JSON = [
        "kind": "APIResourceList", "groupVersion": "apps/v1",
        "resources": [
            ["name": "deployments", "kind": "Deployment", "namespaced": true],
            ["name": "deployments/scale", "kind": "Scale", "namespaced": true, "group": "autoscaling"],
            ["name": "daemonsets", "kind": "DaemonSet", "namespaced": true],
        ],
    ]

    @Test("a kind is discovered once, with its path and its scale subresource")
    func discover() async throws {
        async let found = fixture.client.discover(apiVersion: "apps/v1", kind: "Deployment")
        let call = try await fixture.server.next()
        #expect(call.line == "GET /apis/apps/v1")
        call.answer(apps)
        #expect(try await found == DiscoveredResource(kind: .deployment, hasScale: true))
        // No second request, which would wait forever for an answer.
        #expect(try await fixture.client.discover(apiVersion: "apps/v1", kind: "Deployment").hasScale)
        #expect(try await !fixture.client.discover(apiVersion: "apps/v1", kind: "DaemonSet").hasScale)
    }

    @Test("a missing kind is cached for half a minute, and a known one for ten minutes")
    func discoveryLifetimes() async throws {
        for missing in ["Deployment", "Nothing"] {
            async let first = Result { try await fixture.client.discover(apiVersion: "x.io/v1", kind: missing) }
            if missing == "Deployment" { try await fixture.server.next().answer(404, status(404, "NotFound")) }
            #expect(try #require(await first.failure as? KubernetesError).kind == .notFound)
        }
        fixture.clock.advance(by: .seconds(31))
        async let second = fixture.client.discover(apiVersion: "x.io/v1", kind: "Deployment")
        try await fixture.server.next().answer(apps)
        #expect(try await second.hasScale)
        fixture.clock.advance(by: .seconds(500))
        #expect(try await fixture.client.discover(apiVersion: "x.io/v1", kind: "Deployment").hasScale)
        fixture.clock.advance(by: .seconds(101))
        async let third = fixture.client.discover(apiVersion: "x.io/v1", kind: "Deployment")
        try await fixture.server.next().answer(apps)
        #expect(try await third.hasScale)
    }

    @Test(
        "an apiVersion that would lead to another path is refused before a request is sent",
        arguments: ["", "..", "a/b/c", "../v1", "apps/"])
    func apiVersions(apiVersion: String) async throws {
        let error = await #expect(throws: KubernetesError.self) {
            _ = try await fixture.client.discover(apiVersion: apiVersion, kind: "Deployment")
        }
        #expect(error?.kind == .badRequest)
    }
}
