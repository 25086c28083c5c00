import Foundation
import Subprocess

/// A self-signed certificate for 127.0.0.1, for a server and its clients; valid for a day.
struct SelfSignedCertificate: Sendable {
    let certificate: String
    let key: String

    struct ToolError: Error {
        let message: String
    }

    init() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "certificate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        let files = (certificate: directory.appending(path: "cert.pem"), key: directory.appending(path: "key.pem"))
        let result = try await run(
            .name("openssl"),
            arguments: [
                "req", "-x509", "-nodes", "-days", "1", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
                "-keyout", files.key.path, "-out", files.certificate.path,
            ], output: .discarded, error: .string(limit: 1 << 16))
        guard result.terminationStatus.isSuccess else { throw ToolError(message: result.standardError) }
        certificate = try String(contentsOf: files.certificate, encoding: .utf8)
        key = try String(contentsOf: files.key, encoding: .utf8)
    }
}
