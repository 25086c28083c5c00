import GRPCCore
import GRPCNIOTransportHTTP2Posix
import HTTPTransport
import PluginSDK
import SourceSupport

/// A server whose addresses are checked after each lookup.
struct CheckedTarget: ResolvableTarget, Sendable {
    let place: HostPort
    let peers: PeerRule
}

/// Looks up the addresses of a server and leaves out those that may not be connected to.
struct CheckedResolver: NameResolverFactory, Sendable {
    let lookups: WorkerThreads

    func resolver(for target: CheckedTarget) -> NameResolver {
        NameResolver(
            names: RPCAsyncSequence(wrapping: CheckedAddresses(target: target, lookups: lookups)), updateMode: .pull)
    }
}

/// One lookup for each element.
private struct CheckedAddresses: AsyncSequence, AsyncIteratorProtocol, Sendable {
    let target: CheckedTarget
    let lookups: WorkerThreads

    func makeAsyncIterator() -> CheckedAddresses { self }

    func next() async throws -> NameResolutionResult? {
        let target = target
        let addresses = try await lookups.run { Result { try Self.addresses(of: target) } }.get()
        return NameResolutionResult(endpoints: [Endpoint(addresses: addresses)], serviceConfig: nil)
    }

    /// Blocks its thread.
    private static func addresses(of target: CheckedTarget) throws(PluginError) -> [SocketAddress] {
        let place = target.place
        do throws(HostLookup.Failure) {
            return try HostLookup.addresses(
                of: place, allowedBy: target.peers, limit: KedaLimits.maxAddressesPerName
            ).map { text in
                text.contains(":") ? .ipv6(host: text, port: place.port) : .ipv4(host: text, port: place.port)
            }
        } catch {
            throw PluginError(.sourceUnreachable, "\(error.message). Correct address", path: "address")
        }
    }
}
