// Process is not in a smaller part of Foundation.
import Foundation

/// Certificates created once per test run with the `openssl` tool, valid for a day.
package struct TestCertificates: Sendable {
    package struct Identity: Sendable {
        package let certificate: [UInt8]
        package let key: [UInt8]
    }

    package let authority: [UInt8]
    /// An authority that has signed no server certificate of the tests.
    package let otherAuthority: [UInt8]
    /// For localhost and 127.0.0.1.
    package let server: Identity
    /// For api.internal only.
    package let namedServer: Identity
    /// For localhost, until yesterday.
    package let expiredServer: Identity
    package let client: Identity
    /// Signed by the other authority.
    package let strangeClient: Identity

    package static let shared = Result { try TestCertificates() }

    private init() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "certificates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }

        func openssl(_ arguments: [String]) throws {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.currentDirectoryURL = directory
            process.standardError = FileHandle.nullDevice
            process.arguments = ["openssl"] + arguments
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
        }
        func identity(_ name: String) throws -> Identity {
            Identity(
                certificate: Array(try Data(contentsOf: directory.appending(path: "\(name).pem"))),
                key: Array(try Data(contentsOf: directory.appending(path: "\(name).key"))))
        }
        func newKey(_ name: String) -> [String] {
            [
                "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=\(name)",
                "-keyout",
                "\(name).key",
            ]
        }
        func make(_ name: String, _ arguments: String...) throws -> Identity {
            try openssl(["req", "-x509", "-days", "1", "-out", "\(name).pem"] + newKey(name) + arguments)
            return try identity(name)
        }
        func signed(_ name: String, _ extensions: String, by authority: String = "authority") throws -> Identity {
            try make(
                name, "-CA", "\(authority).pem", "-CAkey", "\(authority).key", "-addext", extensions, "-addext",
                "basicConstraints=critical,CA:FALSE")
        }
        /// A request for a certificate, because only one that answers a request may end before it begins.
        func expired(_ name: String, _ extensions: String) throws -> Identity {
            try openssl(["req", "-new", "-out", "\(name).csr", "-addext", extensions] + newKey(name))
            try openssl([
                "x509", "-req", "-in", "\(name).csr", "-CA", "authority.pem", "-CAkey", "authority.key",
                "-CAcreateserial", "-copy_extensions", "copy", "-days", "-1", "-out", "\(name).pem",
            ])
            return try identity(name)
        }
        authority = try make("authority").certificate
        otherAuthority = try make("other").certificate
        server = try signed("server", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        namedServer = try signed("named", "subjectAltName=DNS:api.internal")
        expiredServer = try expired("expired", "subjectAltName=DNS:localhost")
        client = try signed("client", "extendedKeyUsage=clientAuth")
        strangeClient = try signed("strange", "extendedKeyUsage=clientAuth", by: "other")
    }
}
