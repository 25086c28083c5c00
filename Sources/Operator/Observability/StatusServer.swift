import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import SystemIO

/// Serves `/metrics`, `/healthz` and `/readyz` for `GET` and `HEAD`.
struct StatusServer: Service {
    private static let metricsPath = "/metrics"

    let address: ListenAddress
    var limits = StatusLimits.connections
    let logger: Logger
    /// Returns if the operator's loop is running; otherwise blocks.
    let heartbeat: @Sendable () async -> Void
    let metrics: @Sendable (MetricsText.Format) async -> String
    /// The condition that delays readiness; nil once the operator is ready.
    let awaits: @Sendable () -> String?
    /// Called with the port once it is bound.
    let onBound: @Sendable (Int) -> Void

    func run() async throws {
        try await OpenConnections(limits).serve(
            router.buildResponder(), at: address, option: "--listen", logger: logger,
            isLarge: { $0.uri.path == Self.metricsPath }, onBound: onBound)
    }

    private var router: Router<ConnectionContext> {
        let router = Router(context: ConnectionContext.self, options: .autoGenerateHeadEndpoints)
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
        let pages = AsyncSemaphore(StatusLimits.pagesAtOnce)
        router.get(RouterPath(Self.metricsPath)) { [metrics] request, context in
            let format = MetricsText.Format(accept: request.headers[.accept])
            let page = try await pages.withPermit {
                // The client of a displaced connection does not receive the page.
                context.channel.isActive ? ByteBuffer(string: await metrics(format)) : ByteBuffer()
            }
            return Response(
                status: .ok, headers: [.contentType: format.contentType], body: .init(byteBuffer: page))
        }
        return router
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

    /// Parses `127.0.0.1:8080`, `[::1]:8080` or `:8080`; returns nil for other texts.
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

extension ListenAddress {
    package struct Malformed: Error, CustomStringConvertible {
        package let description =
            "It must have the form HOST:PORT, with a port from 0 to 65535 and an IPv6 address in brackets."
    }

    /// Parses the value of a command-line option.
    package init(argument text: String) throws(Malformed) {
        guard let address = ListenAddress(text) else { throw Malformed() }
        self = address
    }
}

extension ListenAddress: CustomStringConvertible {
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
