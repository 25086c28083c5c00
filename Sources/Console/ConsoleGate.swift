import KubernetesClient
import Synchronization

/// Decides who may use the console's local server: other users, and other sites in the user's browser, may not.
final class ConsoleGate: Sendable {
    /// The parts of a request that matter.
    struct Arrival {
        var method = "GET"
        var path: String
        /// The value of the parameter `token`.
        var token: String?
        var host: String?
        var origin: String?
        /// The header `Sec-Fetch-Site`.
        var site: String?
        /// The header `Content-Type`.
        var type: String?
        var cookie: String?
    }

    enum Verdict: Equatable {
        case pass
        /// The one-time token was right: set the cookie and redirect to the page.
        case admit(cookie: String)
        case refuse(status: Int, message: String)
    }

    static let loginPath = "/login"
    private let session: SecretString
    private let oneTimeToken: SecretString
    private let isUsed = Mutex(false)

    init() {
        session = Self.random()
        oneTimeToken = Self.random()
    }

    /// The link for the browser, with the one-time token.
    func link(port: Int) -> String { "http://127.0.0.1:\(port)\(Self.loginPath)?token=\(oneTimeToken.revealed)" }

    /// - Parameter port: the port of the server.
    func verdict(on arrival: Arrival, port: Int) -> Verdict {
        let hosts = ["127.0.0.1:\(port)", "localhost:\(port)"]
        // A site whose name was made to point to this machine sends its own name.
        guard let host = arrival.host, hosts.contains(host) else {
            return .refuse(status: 421, message: "this server is not the host of the request")
        }
        if let origin = arrival.origin, origin != "http://\(host)" {
            return .refuse(status: 403, message: "the request comes from another site")
        }
        if let site = arrival.site, site != "same-origin", site != "none" {
            return .refuse(status: 403, message: "the request comes from another site")
        }
        if WhatIf.Question(path: arrival.path) != nil {
            // A question is JSON from the page itself: a form of another site can send neither.
            guard arrival.method == "POST", arrival.origin != nil, arrival.type == "application/json" else {
                return .refuse(status: 405, message: "a question must be a POST of JSON by the page itself")
            }
        } else if arrival.method != "GET" {
            return .refuse(status: 405, message: "the console only reads")
        }
        if arrival.path == Self.loginPath { return login(arrival, port: port) }
        guard let cookie = arrival.cookie, session.isEqual(cookie) else {
            return .refuse(status: 401, message: "open the link that generalscaler console has printed")
        }
        return .pass
    }

    private func login(_ arrival: Arrival, port: Int) -> Verdict {
        guard let token = arrival.token, oneTimeToken.isEqual(token),
            !isUsed.withLock({ isUsed in
                defer { isUsed = true }
                return isUsed
            })
        else {
            return .refuse(
                status: 403, message: "the link is wrong or was used before; start generalscaler console again")
        }
        return .admit(cookie: "\(Self.cookieName(port: port))=\(session.revealed); HttpOnly; SameSite=Strict; Path=/")
    }

    /// A browser sends the cookies of one host to all its ports.
    static func cookieName(port: Int) -> String { "generalscaler_console_\(port)" }

    private static func random() -> SecretString {
        var generator = SystemRandomNumberGenerator()
        return SecretString(
            (0..<ConsoleLimits.tokenBytes).map { _ in
                let byte = UInt8.random(in: .min ... .max, using: &generator)
                return (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined())
    }
}
