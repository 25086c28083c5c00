import Testing

@testable import Console

@Suite("Access to the console's local server")
struct ConsoleGateTests {
    private static let port = 40_321
    private static let host = "127.0.0.1:40321"

    /// Opens the link and returns the value of the cookie.
    private func session(_ gate: ConsoleGate) throws -> String {
        let link = gate.link(port: Self.port)
        let token = try #require(link.split(separator: "=").last.map(String.init))
        let login = ConsoleGate.Arrival(path: ConsoleGate.loginPath, token: token, host: Self.host)
        guard case .admit(let cookie) = gate.verdict(on: login, port: Self.port) else {
            Issue.record("the link is refused")
            return ""
        }
        #expect(cookie.contains("HttpOnly"))
        #expect(cookie.contains("SameSite=Strict"))
        return try #require(cookie.split(separator: ";").first?.split(separator: "=").last.map(String.init))
    }

    private func status(_ verdict: ConsoleGate.Verdict) -> Int? {
        if case .refuse(let status, _) = verdict { status } else { nil }
    }

    @Test("the link works once and gives a session")
    func link() throws {
        let gate = ConsoleGate()
        let cookie = try session(gate)
        let arrival = ConsoleGate.Arrival(path: "/", host: Self.host, cookie: cookie)
        #expect(gate.verdict(on: arrival, port: Self.port) == .pass)
        let token = gate.link(port: Self.port).split(separator: "=").last.map(String.init)
        let again = ConsoleGate.Arrival(path: ConsoleGate.loginPath, token: token, host: Self.host)
        #expect(status(gate.verdict(on: again, port: Self.port)) == 403)
    }

    @Test("a wrong one-time token neither opens a session nor uses up the link")
    func wrongToken() throws {
        let gate = ConsoleGate()
        for token in [nil, "", "0", String(repeating: "0", count: 64)] {
            let login = ConsoleGate.Arrival(path: ConsoleGate.loginPath, token: token, host: Self.host)
            #expect(status(gate.verdict(on: login, port: Self.port)) == 403)
        }
        #expect(try !session(gate).isEmpty)
    }

    @Test(
        "a request without the cookie is refused on every path",
        arguments: ["/", "/console.js", "/v1/scalers", "/v1/events"])
    func cookie(path: String) throws {
        let gate = ConsoleGate()
        let session = try session(gate)
        for cookie in [nil, "", "x", session.uppercased() + "0", String(session.dropLast()) + "g"] {
            let arrival = ConsoleGate.Arrival(path: path, host: Self.host, cookie: cookie)
            #expect(status(gate.verdict(on: arrival, port: Self.port)) == 401)
        }
    }

    @Test(
        "a request to another host name is refused even with the cookie, so that DNS rebinding gives nothing",
        arguments: [
            nil, "", "evil.example", "evil.example:40321", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:40321.evil.example",
        ])
    func host(_ host: String?) throws {
        let gate = ConsoleGate()
        let arrival = ConsoleGate.Arrival(path: "/v1/scalers", host: host, cookie: try session(gate))
        #expect(status(gate.verdict(on: arrival, port: Self.port)) == 421)
    }

    @Test(
        "a request from another site is refused even with the cookie",
        arguments: [
            ("http://evil.example", nil), ("null", nil), ("http://127.0.0.1:1", nil), ("http://localhost:40321", nil),
            (nil, "cross-site"), (nil, "same-site"),
        ] as [(String?, String?)])
    func origin(_ origin: String?, _ site: String?) throws {
        let gate = ConsoleGate()
        var arrival = ConsoleGate.Arrival(path: "/v1/scalers", host: Self.host, cookie: try session(gate))
        arrival.origin = origin
        arrival.site = site
        #expect(status(gate.verdict(on: arrival, port: Self.port)) == 403)
    }

    @Test("the page's own requests pass", arguments: ["127.0.0.1", "localhost"])
    func own(_ name: String) throws {
        let gate = ConsoleGate()
        var arrival = ConsoleGate.Arrival(
            path: "/v1/events", host: "\(name):\(Self.port)", origin: "http://\(name):\(Self.port)", site: "same-origin"
        )
        arrival.cookie = try session(gate)
        #expect(gate.verdict(on: arrival, port: Self.port) == .pass)
    }

    @Test("only GET is allowed", arguments: ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
    func method(_ method: String) throws {
        let gate = ConsoleGate()
        let arrival = ConsoleGate.Arrival(method: method, path: "/", host: Self.host, cookie: try session(gate))
        #expect(status(gate.verdict(on: arrival, port: Self.port)) == 405)
    }

    @Test("every console has its own tokens")
    func random() {
        #expect(ConsoleGate().link(port: 1) != ConsoleGate().link(port: 1))
        #expect(ConsoleGate().link(port: 1).count == "http://127.0.0.1:1/login?token=".count + 64)
    }
}
