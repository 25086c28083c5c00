import HTTPTransport

/// The base URL of an API, as in the `address` or `endpoint` of a config.
package enum BaseURL {
    /// The reason why a text is not a valid base URL.
    package enum Fault: Hashable {
        case scheme
        case characters
        case queryOrFragment
        case user
        case noHost
        case host
        /// The text is not a port.
        case port(String)
    }

    /// Returns the fault of a text; nil if it is an absolute http or https URL without user, query and fragment.
    package static func fault(of text: String) -> Fault? {
        let lowercased = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: { lowercased.hasPrefix($0) }) else { return .scheme }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else { return .characters }
        let rest = text.dropFirst(scheme.count)
        guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else { return .queryOrFragment }
        let authority = rest.prefix { $0 != "/" }
        guard !authority.contains("@") else { return .user }
        let end = authority.first == "[" ? authority.firstIndex(of: "]") : authority.startIndex
        guard let end else { return .host }
        let colon = authority[end...].firstIndex(of: ":")
        guard !authority[..<(colon ?? authority.endIndex)].isEmpty else { return .noHost }
        if let colon {
            let port = authority[authority.index(after: colon)...]
            guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), UInt16(port).map({ $0 > 0 }) ?? false else {
                return .port(String(port.prefix(maxShownPort)))
            }
        }
        return HTTPRequest.canBeSent(to: text) ? nil : .host
    }

    private static let maxShownPort = 16
}

extension BaseURL.Fault {
    /// The message, to follow the field's name.
    package var message: String {
        switch self {
        case .scheme: "must be an http:// or https:// URL"
        case .characters: "must be ASCII without blanks and backslashes: percent-encode the rest"
        case .queryOrFragment: "must end before the ? or #"
        case .user: "must not contain a user or password"
        case .noHost: "must name a host"
        case .host: "must name a host that is a DNS name or an IP address, an IPv6 address in brackets"
        case .port(let text): "must have a port from 1 to 65535 after the host's colon, not \"\(text)\""
        }
    }
}
