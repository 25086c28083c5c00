import Glibc
import Testing

@testable import SystemIO

@Suite("IP networks")
struct IPNetworkTests {
    @Test(
        "a network contains the addresses that begin with its bits",
        arguments: [
            ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.0", false), ("10.9.8.7/8", "10.1.1.1", true),
            ("192.0.2.128/25", "192.0.2.129", true), ("192.0.2.128/25", "192.0.2.127", false),
            ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.6", false), ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false), ("::/0", "127.0.0.1", false), ("fd00::/7", "fdff::1", true),
            ("fe80::/10", "febf::1", true), ("fe80::/10", "fec0::1", false), ("[::1]", "::1", true),
        ])
    func contains(network: String, address: String, isInside: Bool) throws {
        let address = try #require(IPAddress(address))
        #expect(try #require(IPNetwork(network)).contains(address) == isInside)
    }

    @Test(
        "a text that is not a network is refused",
        arguments: [
            "", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0/8",
            "10.0.0.0/ 8", "example.com", "10.0.0.0/255.0.0.0", "010.0.0.0.0/8",
        ])
    func malformed(text: String) {
        #expect(IPNetwork(text) == nil)
    }

    @Test(
        "a socket address round-trips through its text",
        arguments: ["203.0.113.7", "fd00::7", "::ffff:10.0.0.7"])
    func socketAddress(text: String) throws {
        var found: UnsafeMutablePointer<addrinfo>?
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        try #require(getaddrinfo(text, "7", &hints, &found) == 0)
        defer { freeaddrinfo(found) }
        let socket = try #require(found?.pointee.ai_addr)
        let address = try #require(IPAddress(of: socket))
        #expect(address.description == text)
        #expect(address == IPAddress(text))
    }

    @Test("an IPv4 address within an IPv6 address is recognized")
    func embedded() {
        func embedded(_ text: String) -> [String]? { IPAddress(text)?.embeddedIPv4.map(\.description) }
        #expect(embedded("::ffff:127.0.0.1") == ["127.0.0.1"])
        #expect(embedded("64:ff9b::a9fe:a9fe") == ["169.254.169.254"])
        // The examples of RFC 6052, section 2.4, with the prefix of RFC 8215.
        #expect(embedded("64:ff9b:1:c000:2:2100::")?.first == "192.0.2.33")
        #expect(embedded("64:ff9b:1:3c0:0:221::")?.contains("192.0.2.33") == true)
        #expect(embedded("64:ff9b:1:344:c0:2:2100::")?.contains("192.0.2.33") == true)
        #expect(embedded("64:ff9b:1:344::192.0.2.33")?.last == "192.0.2.33")
        #expect(embedded("64:ff9b:1::10.0.0.7") == ["10.0.0.7"])
        #expect(embedded("fd00::7f00:1") == [])
        #expect(embedded("10.0.0.7") == [])
    }
}
