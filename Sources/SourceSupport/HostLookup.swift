import Glibc
package import HTTPTransport
import SystemIO

/// The addresses of a server's name, as numbers, for sources that connect without libcurl.
package enum HostLookup {
    package struct Failure: Error {
        package let message: String
    }

    /// Returns the addresses to which connections may be made: at least one. Blocks its thread, as long as the system's
    /// resolver takes.
    ///
    /// - Parameter limit: how many addresses of the name are considered.
    package static func addresses(
        of place: HostPort, allowedBy peers: PeerRule, limit: Int
    ) throws(Failure) -> [String] {
        var objection = "it has no address"
        let allowed = try addresses(of: place.host, limit: limit).filter { text in
            guard let address = IPAddress(text) else { return false }
            guard let reason = peers.objection(to: address) else { return true }
            objection = reason
            return false
        }
        guard !allowed.isEmpty else { throw Failure(message: "no connection to \(place): \(objection)") }
        return allowed
    }

    private static func addresses(of host: String, limit: Int) throws(Failure) -> [String] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard code == 0 else {
            throw Failure(message: "no address found for \(host): \(String(cString: gai_strerror(code)))")
        }
        var found: [String] = []
        var next = list
        while let entry = next?.pointee, found.count < limit {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let code = getnameinfo(
                entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            if code == 0 {
                found.append(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
            }
            next = entry.ai_next
        }
        guard !found.isEmpty else { throw Failure(message: "no address found for \(host)") }
        return found
    }
}
