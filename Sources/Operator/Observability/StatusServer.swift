import Hummingbird
import Logging
import ServiceLifecycle

/// Serves `/metrics`, `/healthz` and `/readyz`.
struct StatusServer: Service {
    let address: ListenAddress
    let logger: Logger
    /// Returns only while the operator's loop turns.
    let heartbeat: @Sendable () async -> Void
    let metrics: @Sendable (MetricsText.Format) async -> String
    /// What it still waits for; nil once it is ready.
    let awaits: @Sendable () -> String?
    /// Told the port once it is bound.
    let onBound: @Sendable (Int) -> Void

    func run() async throws {
        let router = Router()
        router.get("healthz") { [heartbeat] _, _ in
            await heartbeat()
            return "ok\n"
        }
        router.get("readyz") { [awaits] _, _ in
            let missing = awaits()
            return Response(
                status: missing == nil ? .ok : .serviceUnavailable,
                body: .init(byteBuffer: ByteBuffer(string: missing.map { "not yet: \($0)\n" } ?? "ok\n")))
        }
        router.get("metrics") { [metrics] request, _ in
            let format = MetricsText.Format(accept: request.headers[.accept])
            return Response(
                status: .ok,
                headers: [.contentType: format.contentType],
                body: .init(byteBuffer: ByteBuffer(string: await metrics(format)))
            )
        }
        var logger = logger
        logger.logLevel = .warning
        let application = Application(
            router: router,
            configuration: .init(address: .hostname(address.host, port: address.port)),
            onServerRunning: { [onBound] channel in onBound(channel.localAddress?.port ?? 0) },
            logger: logger
        )
        do {
            try await application.runService(gracefulShutdownSignals: [])
        } catch {
            throw ListenError(error, address, option: "--listen") ?? error
        }
    }
}

/// A host and a port to listen on; port 0 lets the system choose.
package struct ListenAddress: Sendable, Hashable {
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `127.0.0.1:8080`, `[::1]:8080` or `:8080`; nil where the text is none of these.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let port = UInt16(digits) else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        }
        self.init(host: host.isEmpty ? "0.0.0.0" : host, port: Int(port))
    }
}

extension ListenAddress: CustomStringConvertible {
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
