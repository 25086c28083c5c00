import Glibc
import PluginSDK
import SourceSupport

/// The addresses of a server's name, as numbers, so that each gets its share of the time.
enum HostLookup {
    /// Blocks its thread, as long as the system's resolver takes.
    static func addresses(of host: String) throws(PostgresFailure) -> [String] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard code == 0 else {
            throw .unreachable("no address found for \(host): \(String(cString: gai_strerror(code)))")
        }
        var found: [String] = []
        var next = list
        while let entry = next?.pointee, found.count < PostgresLimits.maxAddressesPerName {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let code = getnameinfo(
                entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            if code == 0 {
                found.append(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
            }
            next = entry.ai_next
        }
        guard !found.isEmpty else { throw .unreachable("no address found for \(host)") }
        return found
    }
}
