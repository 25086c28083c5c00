import ClusterSimulator
import Foundation
import HTTPTransport
import KubernetesClient
import Scaling
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

/// The webhook over real TLS, called like by the API server: with the Service's name, and trusting only the caBundle.
@Suite("The admission webhook", .timeLimit(.minutes(2)))
struct AdmissionServerTests {
    private static func expectServed(
        _ client: CurlHTTPClient, _ port: Int, _ cluster: AdmissionCluster, believing bundle: [UInt8]
    ) async throws {
        let answer = try await cluster.post(client, port, review, believing: bundle)
        #expect(answer.status == 200)
    }

    private static let review = AdmissionValidatorTests.review(TestEnvironment.scaler()).encoded()

    @Test("the webhook serves with a self-signed certificate that the webhook configuration trusts")
    func ownCertificate() async throws {
        let cluster = try AdmissionCluster()
        let certificateManager = cluster.certificateManager()
        await certificateManager.keep()
        #expect(try cluster.environment.api.get(AdmissionCluster.secretPath)["type"] == "kubernetes.io/tls")
        try await cluster.serve(certificateManager) { client, port in
            let bundle = try cluster.bundle
            let answer = try await cluster.post(client, port, Self.review, believing: bundle)
            #expect(answer.status == 200)
            #expect(try JSON(parsing: answer.body)["response"]?["allowed"] == true)
            // Another name, or another authority, is not trusted.
            for (name, authority) in [
                ("webhook.other.svc", bundle), ("webhook.shop.svc", try TestCertificates.shared.get().authority),
            ] {
                let error = await #expect(throws: HTTPError.self) {
                    try await cluster.post(client, port, Self.review, believing: authority, name: name)
                }
                #expect(error?.kind == .tls)
            }
        }
    }

    @Test("the webhook refuses connections while it has no certificate, and serves once it has one")
    func noCertificate() async throws {
        let cluster = try AdmissionCluster()
        let certificateManager = cluster.certificateManager()
        try await cluster.serve(certificateManager) { client, port in
            let authority = try TestCertificates.shared.get().authority
            await #expect(throws: HTTPError.self) {
                try await cluster.post(client, port, Self.review, believing: authority)
            }
            await certificateManager.keep()
            try await Self.expectServed(client, port, cluster, believing: try cluster.bundle)
        }
    }

    @Test("a renewal changes the certificate of a running webhook server, and the previous authority stays trusted")
    func renewal() async throws {
        let cluster = try AdmissionCluster(age: .seconds(270 * 86_400))
        let certificateManager = cluster.certificateManager()
        let other = cluster.certificateManager()
        await certificateManager.keep()
        await other.keep()
        let first = try #require(certificateManager.current)
        #expect(other.current == first)
        cluster.clock.advance(by: .seconds(200 * 86_400))
        await certificateManager.keep()
        #expect(certificateManager.current == first)
        cluster.clock.advance(by: .seconds(70 * 86_400))
        try await cluster.serve(other) { client, port in
            await certificateManager.keep()
            let second = try #require(certificateManager.current)
            #expect(second != first)
            // The other replica still serves with the first one.
            try await Self.expectServed(client, port, cluster, believing: try cluster.bundle)
            await other.keep()
            #expect(other.current == second)
            let fresh = CurlHTTPClient(configuration: .init(proxies: .none))
            try await Self.expectServed(fresh, port, cluster, believing: try cluster.bundle)
            let error = await #expect(throws: HTTPError.self) {
                try await cluster.post(fresh, port, Self.review, believing: Array(first.authorities.utf8))
            }
            #expect(error?.kind == .tls)
            await fresh.shutdown()
        }
    }

    @Test("replicas that start at the same time end up with one webhook certificate", arguments: 1...5)
    func race(round: Int) async throws {
        let cluster = try AdmissionCluster()
        let certificateManagers = (0..<4).map { _ in cluster.certificateManager() }
        await withDiscardingTaskGroup { group in
            for certificateManager in certificateManagers { group.addTask { await certificateManager.keep() } }
        }
        for certificateManager in certificateManagers { await certificateManager.keep() }
        #expect(Set(certificateManagers.map(\.current)).count == 1)
        let authorities = try #require(certificateManagers.first?.current?.authorities)
        #expect(try cluster.bundle == Array(authorities.utf8))
    }

    @Test("a broken caBundle or Secret is restored, and a check without changes writes nothing")
    func mended() async throws {
        let cluster = try AdmissionCluster()
        let certificateManager = cluster.certificateManager()
        await certificateManager.keep()
        let bundle = try cluster.bundle
        cluster.environment.api.clearRequests()
        await certificateManager.keep()
        #expect(cluster.environment.api.requests.allSatisfy { $0.method == "GET" })

        var configuration = try cluster.environment.api.get(AdmissionCluster.configurationPath)
        let webhooks: [JSON] = (configuration["webhooks"]?.arrayValue ?? []).map { webhook in
            var webhook = webhook.objectValue ?? [:]
            webhook["clientConfig"] = ["service": ["namespace": "shop", "name": "webhook", "path": "/validate"]]
            return .object(webhook)
        }
        configuration = ["webhooks": .array(webhooks)]
        try cluster.environment.api.patch(AdmissionCluster.configurationPath, configuration)
        await certificateManager.keep()
        #expect(try cluster.bundle == bundle)

        try cluster.environment.api.patch(AdmissionCluster.secretPath, ["data": ["tls.key": "bm9uc2Vuc2U="]])
        await certificateManager.keep()
        #expect(try cluster.bundle != bundle)
        try await cluster.serve(certificateManager) { client, port in
            try await Self.expectServed(client, port, cluster, believing: try cluster.bundle)
        }
    }

    @Test("certificates from files, as mounted by cert-manager, are served and reloaded; the caBundle is not changed")
    func files() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "webhook-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        let now = Date()
        func write(_ certificate: ServingCertificate) throws {
            try Data(certificate.certificate.utf8).write(to: directory.appending(path: "tls.crt"))
            try Data(certificate.key.utf8).write(to: directory.appending(path: "tls.key"))
        }
        let cluster = try AdmissionCluster()
        let certificateManager = cluster.certificateManager(.directory(directory.path))
        await certificateManager.keep()
        #expect(certificateManager.current == nil)
        #expect(cluster.page.contains("generalscaler_webhook_certificate_errors_total 1\n"))
        #expect(!cluster.page.contains("\ngeneralscaler_webhook_certificate_expiry_timestamp_seconds "))
        for _ in 0..<2 {
            let certificate = try ServingCertificate(forHosts: ["webhook.shop.svc"], at: now)
            try write(certificate)
            await certificateManager.keep()
            try await cluster.serve(certificateManager) { client, port in
                let authorities = Array(certificate.authorities.utf8)
                let answer = try await cluster.post(
                    client, port, Self.review, believing: authorities, path: "/validate")
                #expect(answer.status == 200)
            }
        }
        #expect(try cluster.bundle.isEmpty)
        #expect(cluster.page.contains("\ngeneralscaler_webhook_certificate_expiry_timestamp_seconds "))
        #expect(cluster.page.contains("generalscaler_webhook_reviews_total{verdict=\"allowed\"} 2\n"))
    }

    @Test("concurrent reviews up to the connection limit each get their own answer")
    func manyAtOnce() async throws {
        let cluster = try AdmissionCluster()
        let certificateManager = cluster.certificateManager()
        await certificateManager.keep()
        try await cluster.serve(certificateManager) { client, port in
            let bundle = try cluster.bundle
            let answers = try await withThrowingTaskGroup(of: (Int, JSON).self) { group in
                for number in 0..<AdmissionLimits.connections {
                    group.addTask {
                        let spec: JSON = number.isMultiple(of: 2) ? [:] : ["minReplicas": 20]
                        var review =
                            AdmissionValidatorTests.review(TestEnvironment.scaler("web", spec)).objectValue ?? [:]
                        var request = review["request"]?.objectValue ?? [:]
                        request["uid"] = .string("\(number)")
                        review["request"] = .object(request)
                        let answer = try await cluster.post(
                            client, port, JSON.object(review).encoded(), believing: bundle)
                        #expect(answer.status == 200)
                        return (number, try JSON(parsing: answer.body)["response"] ?? .null)
                    }
                }
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            #expect(answers.count == AdmissionLimits.connections)
            for (number, answer) in answers {
                #expect(answer["uid"]?.stringValue == "\(number)")
                #expect(answer["allowed"] == .bool(number.isMultiple(of: 2)))
            }
        }
    }

    @Test(
        "an object of 1 MiB is checked, a review that is too long or malformed is refused, and other reviews continue")
    func sizes() async throws {
        let cluster = try AdmissionCluster()
        let certificateManager = cluster.certificateManager()
        await certificateManager.keep()
        try await cluster.serve(certificateManager) { client, port in
            let bundle = try cluster.bundle
            func review(annotationBytes: Int) -> [UInt8] {
                var object = TestEnvironment.scaler("web", ["minReplicas": 20]).objectValue ?? [:]
                object["metadata"] = [
                    "name": "web", "annotations": ["a": .string(String(repeating: "x", count: annotationBytes))],
                ]
                return AdmissionValidatorTests.review(.object(object)).encoded()
            }
            let large = try await cluster.post(client, port, review(annotationBytes: 1 << 20), believing: bundle)
            #expect(large.status == 200)
            #expect(try JSON(parsing: large.body)["response"]?["allowed"] == false)
            for (body, status) in [
                (review(annotationBytes: AdmissionLimits.bodyBytes), 413), (Array("{".utf8), 400),
                (Array("{}".utf8), 400),
            ] {
                // A server that has read enough may close the connection early.
                let answer = try? await cluster.post(client, port, body, believing: bundle)
                #expect(answer?.status ?? status == status)
            }
            try await Self.expectServed(client, port, cluster, believing: bundle)
            #expect(cluster.page.contains("generalscaler_webhook_reviews_total{verdict=\"denied\"} 1\n"))
            #expect(!cluster.page.contains("generalscaler_webhook_reviews_total{verdict=\"failed\"} 0\n"))
        }
    }
}
