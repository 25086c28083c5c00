import Glibc
import Synchronization

/// Replaces the C library's resolver for libcurl, so that names can be slow or unknown without a DNS server.
enum NameLookup {
    /// By name, the reading end of a pipe: a lookup of the name reads from it and then fails.
    private static let stuckNames = Mutex<[String: Int32]>([:])

    /// Makes lookups of the name hang while `body` runs. They fail afterwards.
    static func withStuckName<Answer>(_ name: String, _ body: () async throws -> Answer) async throws -> Answer {
        var pipeEnds: [Int32] = [0, 0]
        guard pipe(&pipeEnds) == 0 else { throw Exhausted() }
        stuckNames.withLock { $0[name] = pipeEnds[0] }
        // The reading end stays open, because a lookup may start to read only now.
        defer { close(pipeEnds[1]) }
        return try await body()
    }

    private struct Exhausted: Error {}

    fileprivate static func lookUp(
        _ node: UnsafePointer<CChar>?, _ service: UnsafePointer<CChar>?, _ hints: UnsafePointer<addrinfo>?,
        _ result: UnsafeMutablePointer<UnsafeMutablePointer<addrinfo>?>?
    ) -> Int32 {
        let name = node.map { String(cString: $0) } ?? ""
        if let stuck = stuckNames.withLock({ $0[name] }) {
            var byte: UInt8 = 0
            _ = read(stuck, &byte, 1)
            return EAI_AGAIN
        }
        if name.hasSuffix(".invalid") { return EAI_NONAME }
        typealias GetAddrInfo =
            @convention(c) (
                UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<addrinfo>?,
                UnsafeMutablePointer<UnsafeMutablePointer<addrinfo>?>?
            ) -> Int32
        let next = UnsafeMutableRawPointer(bitPattern: -1)  // RTLD_NEXT
        guard let symbol = dlsym(next, "getaddrinfo") else { return EAI_FAIL }
        // The C library's function, whose signature POSIX defines.
        return unsafeBitCast(symbol, to: GetAddrInfo.self)(node, service, hints, result)
    }
}

/// The executable's symbol takes precedence over the C library's, also for libcurl.
@_cdecl("getaddrinfo")
func getaddrinfoForTests(
    _ node: UnsafePointer<CChar>?, _ service: UnsafePointer<CChar>?, _ hints: UnsafePointer<addrinfo>?,
    _ result: UnsafeMutablePointer<UnsafeMutablePointer<addrinfo>?>?
) -> Int32 {
    NameLookup.lookUp(node, service, hints, result)
}
