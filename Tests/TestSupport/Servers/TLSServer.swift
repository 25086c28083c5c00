import Foundation

/// An HTTPS server that answers every GET with the same JSON, in its own process: `tls_server.py`.
package enum TLSServer {
    /// Runs the server during `body`.
    package static func run(
        _ identity: TestCertificates.Identity, answer: String,
        _ body: @escaping @Sendable (_ port: Int) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let (certificate, key) = (directory.appending(path: "cert.pem"), directory.appending(path: "key.pem"))
        try Data(identity.certificate).write(to: certificate)
        try Data(identity.key).write(to: key)
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Fixtures/tls_server.py").standardizedFileURL.path
        try await RunningProcess.run("/usr/bin/python3", [script, certificate.path, key.path, answer]) { server in
            let line = try await server.outputLine { _ in true }
            guard let port = Int(line) else { throw RunningProcess.Ended(description: "\(line) is not a port") }
            try await body(port)
        }
    }
}
