import Glibc
import Synchronization

/// Stands between libcurl and the C library's resolver, so that names can be slow or unknown without a DNS server.
enum NameLookup {
    /// Name to a pipe's reading end; a look-up of that name reads from it and then fails.
    private static let stuckNames = Mutex<[String: Int32]>([:])

    /// Lets look-ups of the name hang while `body` runs. They fail when it is done.
    static func withStuckName<Answer>(_ name: String, _ body: () async throws -> Answer) async throws -> Answer {
        var pipeEnds: [Int32] = [0, 0]
        guard pipe(&pipeEnds) == 0 else { throw Exhausted() }
        stuckNames.withLock { $0[name] = pipeEnds[0] }
        // The reading end stays open: a look-up may only now get to it.
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
        // The C library's function, which has this signature by POSIX.
        return unsafeBitCast(symbol, to: GetAddrInfo.self)(node, service, hints, result)
    }
}

/// The executable's symbol comes before the C library's, for libcurl too.
@_cdecl("getaddrinfo")
func getaddrinfoForTests(
    _ node: UnsafePointer<CChar>?, _ service: UnsafePointer<CChar>?, _ hints: UnsafePointer<addrinfo>?,
    _ result: UnsafeMutablePointer<UnsafeMutablePointer<addrinfo>?>?
) -> Int32 {
    NameLookup.lookUp(node, service, hints, result)
}
