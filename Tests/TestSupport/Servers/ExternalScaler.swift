import Foundation

/// An external scaler for KEDA, with Google's libraries for gRPC and Protocol Buffers in Python. What it answers is what the
/// metadata of each request says: see `external_scaler.py`.
package struct ExternalScaler: Sendable {
    package let port: Int
    package let process: RunningProcess

    package var address: String { "127.0.0.1:\(port)" }

    /// Runs a scaler during `body`.
    ///
    /// - Parameter arguments: those of `external_scaler.py`.
    package static func run(
        _ arguments: [String] = [], _ body: @escaping @Sendable (ExternalScaler) async throws -> Void
    ) async throws {
        _ = try await RunningProcess.run(
            QueueServers.python, [QueueServers.fixture("external_scaler.py")] + arguments
        ) { process in
            let line = try await process.outputLine { $0.hasPrefix("listening on ") }
            guard let port = line.split(separator: " ").last.flatMap({ Int($0) }) else {
                throw QueueServers.Failure(description: line)
            }
            try await body(ExternalScaler(port: port, process: process))
        }
    }

    /// Runs a scaler with TLS during `body`.
    ///
    /// - Parameter clientAuthority: who has to have signed the certificates of clients, in PEM; nil to ask for none.
    package static func run(
        _ identity: TestCertificates.Identity, clientAuthority: [UInt8]? = nil,
        _ body: @escaping @Sendable (ExternalScaler) async throws -> Void
    ) async throws {
        try await QueueServers.withDirectory { directory in
            var arguments: [String] = []
            for (option, pem) in [
                ("cert", identity.certificate), ("key", identity.key), ("client-ca", clientAuthority ?? []),
            ] where !pem.isEmpty {
                let file = directory.appending(path: option)
                try Data(pem).write(to: file)
                arguments += ["--\(option)", file.path]
            }
            try await run(arguments, body)
        }
    }
}
