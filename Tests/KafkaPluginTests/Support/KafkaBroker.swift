import Foundation
import TestSupport
import WireFormats

/// `kafka_broker.py` as a process: what librdkafka's mock cluster lacks, which is TLS, SASL and the groups' topics.
struct KafkaBroker {
    /// What the broker has. `server` and `clients` are TLS: its identity, and whether clients need a certificate.
    struct Scene {
        var server: TestCertificates.Identity?
        var needsClientCertificate = false
        var users: [String: String]?
        var tokens: [String]?
        var acceptsAnyNonce = false
        var leader: String?
        var topics = ["orders": [[0, 7], [0, 2], [3, 8]], "bills": [[0, 11]]] as JSON
        var groups =
            ["shop": ["orders": ["0": 3, "1": 2, "2": 3], "bills": ["0": 9]], "gone": ["deleted": ["0": 5]]] as JSON
    }

    /// `localhost:port`.
    let address: String

    /// The field `brokers` of a config.
    var at: String { #""brokers": ["\#(address)"]"# }

    /// Starts a broker and runs `body`; the process is gone when this returns.
    static func run(_ scene: Scene, _ body: (KafkaBroker) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "kafka-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        func file(_ name: String, _ bytes: [UInt8]) throws -> JSON {
            let file = directory.appending(path: name)
            try Data(bytes).write(to: file)
            return .string(file.path)
        }
        var members: [String: JSON] = ["topics": scene.topics, "groups": scene.groups]
        if let server = scene.server {
            var tls = ["cert": try file("cert.pem", server.certificate), "key": try file("key.pem", server.key)]
            if scene.needsClientCertificate {
                tls["clientCA"] = try file("ca.pem", try TestCertificates.shared.get().authority)
            }
            members["tls"] = .object(tls)
        }
        members["users"] = scene.users.map { .object($0.mapValues(JSON.string)) }
        members["tokens"] = scene.tokens.map { .array($0.map(JSON.string)) }
        if scene.acceptsAnyNonce { members["anyNonce"] = true }
        members["leader"] = scene.leader.map(JSON.string)
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Fixtures/kafka_broker.py").standardizedFileURL.path
        try await KafkaMock.run("/usr/bin/python3", [script, "\(JSON.object(members))"]) { process in
            try await body(KafkaBroker(address: process.brokers[0]))
        }
    }
}
