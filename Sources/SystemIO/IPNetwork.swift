package import Glibc

/// An IPv4 or IPv6 address.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// 4 or 16 bytes in network order.
    package let bytes: [UInt8]

    /// Nil if the text is a name. Takes IPv6 with and without brackets.
    package init?(_ text: String) {
        let text = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.bytes = Array(bytes.prefix(4))
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self.bytes = bytes
        } else {
            return nil
        }
    }

    /// The address of a socket; nil if it is neither IPv4 nor IPv6.
    package init?(of socket: UnsafePointer<sockaddr>) {
        let start = UnsafeRawPointer(socket)
        switch Int32(socket.pointee.sa_family) {
        case AF_INET: bytes = withUnsafeBytes(of: start.loadUnaligned(as: sockaddr_in.self).sin_addr) { Array($0) }
        case AF_INET6: bytes = withUnsafeBytes(of: start.loadUnaligned(as: sockaddr_in6.self).sin6_addr) { Array($0) }
        default: return nil
        }
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The IPv4 addresses that packets to an IPv6 address may reach: `::ffff:10.0.0.7` is 10.0.0.7 to every kernel, and
    /// `64:ff9b::a00:7` behind a NAT64 gateway. A network may choose the length of its own NAT64 prefix within
    /// `64:ff9b:1::/48` (RFC 8215), so that each of the layouts of RFC 6052 is possible there.
    package var embeddedIPv4: [IPAddress] {
        guard bytes.count == 16 else { return [] }
        if Self.suffixed.contains(where: { $0.contains(self) }) { return [IPAddress(bytes: Array(bytes.suffix(4)))] }
        guard Self.localTranslation.contains(where: { $0.contains(self) }) else { return [] }
        // No gateway translates to 0.0.0.0/8; the bytes before a suffix are often 0.
        return Self.layouts.map { layout in layout.map { bytes[$0] } }.filter { $0[0] != 0 }.map(IPAddress.init(bytes:))
    }

    private static let suffixed = ["::ffff:0:0/96", "64:ff9b::/96"].compactMap { IPNetwork($0) }
    private static let localTranslation = ["64:ff9b:1::/48"].compactMap { IPNetwork($0) }
    /// Where RFC 6052, section 2.2, puts the IPv4 address after prefixes of 48, 56, 64 and 96 bits: byte 8 is skipped.
    private static let layouts = [[6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12], [12, 13, 14, 15]]

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }
}

/// The IP addresses that begin with the same bits, such as `10.0.0.0/8`.
package struct IPNetwork: Sendable, Hashable {
    private let address: IPAddress
    private let prefixLength: Int

    /// Nil if the text is neither `ADDRESS/BITS` nor a single address.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(String(first)) else { return nil }
        self.address = address
        let bits = address.bytes.count * 8
        guard parts.count == 2 else {
            prefixLength = bits
            return
        }
        guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(parts[1]), length <= bits
        else {
            return nil
        }
        prefixLength = length
    }

    package func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        return address.bytes.indices.allSatisfy { index in
            let bits = min(8, max(0, prefixLength - index * 8))
            let mask = ~UInt8(truncatingIfNeeded: 0xff >> bits)
            return address.bytes[index] & mask == other.bytes[index] & mask
        }
    }
}
