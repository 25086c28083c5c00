import SystemIO
import TestSupport
import Testing

@testable import HTTPTransport

@Suite("Rules for the addresses of servers")
struct PeerRuleTests {
    private func objection(_ rule: PeerRule, _ address: String) throws -> String? {
        rule.objection(to: try #require(IPAddress(address)))
    }

    @Test(
        "a reserved address is refused for a name and allowed if the config names an address of its kind",
        arguments: [
            ("127.0.0.1", "127.7.7.7"), ("::1", "localhost"), ("0.0.0.0", "[::1]"), ("::", "app.localhost"),
            ("169.254.0.9", "169.254.169.254"), ("fe80::7", "169.254.1.1"), ("100.100.100.200", "168.63.129.16"),
            ("fd00:ec2::23", "fd20:ce::254"), ("168.63.129.16", "192.0.0.192"), ("192.0.0.192", "100.100.100.200"),
            ("fd20:ce::254", "fd00:ec2::254"), ("::ffff:127.0.0.1", "127.0.0.1"),
            ("64:ff9b::a9fe:a9fe", "169.254.169.254"), ("127.0.0.1", "::ffff:127.0.0.1"),
            ("64:ff9b:1:fffe::169.254.169.254", "169.254.169.254"), ("64:ff9b:1:a9fe:a9:fe00::", "169.254.169.254"),
            ("64:ff9b:1:7a9:fe:a9fe::", "169.254.169.254"), ("64:ff9b:1:7:a9:fea9:fe00:0", "169.254.169.254"),
        ])
    func reserved(address: String, named: String) throws {
        #expect(try objection(PeerRule(), address) != nil)
        #expect(try objection(PeerRule().naming(["redis.shop", "10.0.0.7"]), address) != nil)
        #expect(try objection(PeerRule().naming(["redis.shop", named]), address) == nil)
    }

    @Test(
        "any address that is not reserved is allowed for a name",
        arguments: [
            "10.0.0.7", "128.0.0.1", "169.253.255.255", "192.0.0.191", "fd00::7", "fec0::1", "64:ff9b::a00:7",
            "64:ff9b:1::a00:7", "64:ff9b:2::a9fe:a9fe",
        ])
    func ordinary(address: String) throws {
        #expect(try objection(PeerRule(), address) == nil)
    }

    @Test("a config that names a loopback address does not allow a link-local one")
    func kinds() throws {
        #expect(try objection(PeerRule().naming(["127.0.0.1"]), "169.254.169.254") != nil)
        #expect(try objection(PeerRule().naming(["169.254.169.254"]), "127.0.0.1") != nil)
        #expect(try objection(PeerRule().naming(["localhost.example", "notlocalhost"]), "127.0.0.1") != nil)
    }

    @Test("allowed networks allow their addresses, in either notation of IPv4, and no reserved address")
    func networks() throws {
        let rule = PeerRule(networks: ["10.0.0.0/8", "fd00:7::/32", "0.0.0.0/0x"], setting: "a list")
        #expect(try objection(rule, "10.9.9.9") == nil)
        #expect(try objection(rule, "::ffff:10.9.9.9") == nil)
        #expect(try objection(rule, "fd00:7::9") == nil)
        #expect(try objection(rule, "64:ff9b:1::10.9.9.9") == nil)
        // With a prefix of 96 bits, the gateway reaches 203.0.113.9; with one of 48 bits, 10.9.9.9.
        #expect(try objection(rule, "64:ff9b:1:a09:9:900:203.0.113.9") != nil)
        #expect(try objection(rule, "11.0.0.1")?.contains("in none of the networks of a list") == true)
        #expect(try objection(PeerRule(networks: [], setting: "a list"), "10.0.0.1") != nil)
        let all = PeerRule(networks: ["0.0.0.0/0", "::/0"], setting: "a list")
        #expect(try objection(all, "127.0.0.1") != nil)
        #expect(try objection(all.naming(["127.0.0.1"]), "127.0.0.1") == nil)
    }

    @Test("a client requests an address that its own rule forbids through the proxy")
    func proxy() async throws {
        try await RawServer.run { connection in
            while let head = connection.readHead() {
                connection.write(
                    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\(head.hasPrefix("GET http://203") ? "ok" : "no")")
            }
        } _: { port in
            let rule = PeerRule(networks: ["198.51.100.0/24"], setting: "a list")
            try await withClient(.init(proxies: .none, peers: rule)) { client in
                var request = HTTPRequest(url: "http://203.0.113.7/", timeout: .seconds(20))
                request.proxy = "http://127.0.0.1:\(port)"
                #expect(try await client.send(request).text == "ok")
                request.proxy = nil
                request.url = "http://127.0.0.1:\(port)/"
                let error = try await failure { try await client.send(request) }
                #expect(error.kind == .connect)
                #expect(error.message.contains("in none of the networks of a list"), "\(error)")
            }
        }
    }
}
