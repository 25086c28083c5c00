import GRPCCore
import Glibc
import NIOCore
import PluginSDK
import SourceSupport

/// The reason why a request to an external scaler got no answer.
struct ScalerFailure {
    let error: PluginError

    init(_ cause: any Error, _ method: ScalerMethod, _ place: HostPort) {
        let chain = Self.chain(of: cause)
        if let own = chain.lazy.compactMap({ $0 as? PluginError }).first {
            error = own
        } else if let malformed = chain.lazy.compactMap({ $0 as? MalformedMessage }).first {
            error = PluginError(
                .sourceUnreachable,
                "\(place) answers \(method.rawValue) with a malformed message: \(malformed). Check that it is an external "
                    + "scaler for KEDA")
        } else if let rpc = chain.first as? RPCError {
            error = Self.error(of: rpc, reason: Self.reason(chain), method, place)
        } else if cause is CancellationError {
            error = PluginError(.cancelled, "\(method.rawValue) was canceled")
        } else {
            error = PluginError(
                .sourceUnreachable,
                "\(method.rawValue) of \(place) failed: \(Self.reason(chain)). The next poll retries")
        }
    }

    /// The error of a request whose time is over.
    static func overdue(_ method: ScalerMethod, _ place: HostPort) -> PluginError {
        PluginError(
            .deadlineExceeded,
            "\(place) did not answer \(method.rawValue) in time. Check the external scaler, or raise timeoutSeconds of "
                + "the metric")
    }

    private static func error(
        of rpc: RPCError, reason: String, _ method: ScalerMethod, _ place: HostPort
    ) -> PluginError {
        let answer = "\(place) answers \(method.rawValue) with \(rpc.code): \(reason)"
        switch rpc.code {
        case .deadlineExceeded: return overdue(method, place)
        case .unimplemented:
            let kind: PluginError.Kind =
                method == .streamIsActive || method == .streamMetricSpec ? .cannotSubscribe : .notFound
            return PluginError(
                kind,
                kind == .notFound
                    ? "\(place) does not implement \(method.rawValue) of \(ScalerMethod.service). Check that it is an "
                        + "external scaler for KEDA"
                    : "the external scaler does not implement \(method.rawValue): this metric is only polled",
                path: kind == .notFound ? "address" : nil)
        case .unauthenticated, .permissionDenied:
            return PluginError(.authFailed, "\(answer). Correct tls or secretMetadata", path: "tls")
        case .invalidArgument:
            return PluginError(.configInvalid, "\(answer). Correct metadata", path: "metadata")
        case .notFound: return PluginError(.notFound, "\(answer). Correct metadata", path: "metadata")
        case .cancelled where Task.isCancelled: return PluginError(.cancelled, "\(method.rawValue) was canceled")
        case .unavailable:
            let isAboutTLS = ["SSL", "certificate", "CERTIFICATE"].contains(where: reason.contains)
            return isAboutTLS
                ? PluginError(
                    .sourceUnreachable, "no trusted TLS connection to \(place): \(reason). Correct tls", path: "tls")
                : PluginError(
                    .sourceUnreachable,
                    "\(method.rawValue) of \(place) is unavailable: \(reason). Check that the external scaler runs, that address "
                        + "has its port, and that tls is set if it expects TLS", path: "address")
        default: return PluginError(.sourceUnreachable, "\(answer). Check the external scaler's log")
        }
    }

    /// The error and its causes, outermost first.
    private static func chain(of error: any Error) -> [any Error] {
        var chain: [any Error] = [error]
        while chain.count < 16, let cause = (chain[chain.count - 1] as? RPCError)?.cause { chain.append(cause) }
        return chain
    }

    /// The innermost cause: those around it are gRPC's own words.
    private static func reason(_ chain: [any Error]) -> String {
        guard let last = chain.last else { return "no reason is known" }
        let text =
            (last as? IOError).map { String(cString: strerror($0.errnoCode)) }
            ?? (last as? RPCError)?.message ?? "\(last)"
        return Quoting.shortened(text.isEmpty ? "no reason is given" : text)
    }
}
