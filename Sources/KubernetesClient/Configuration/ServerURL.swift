/// The address of an API server as kubeconfigs write it.
///
/// Like client-go: the default scheme is http, the scheme's case does not matter, and a query and a fragment are
/// ignored.
struct ServerURL {
    /// The reason why an address is invalid.
    struct Failure: Error {
        let message: String
    }

    /// `https://host:port` and perhaps a path; no slash at the end, no user information.
    let text: String
    /// The part before an `@`.
    private(set) var user: String?
    private(set) var password: String?

    init(parsing address: String) throws(Failure) {
        guard !address.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7F }) else {
            throw Failure(message: "must be a URL such as https://host:6443, without blanks or control characters")
        }
        let (scheme, rest) = try Self.scheme(of: address)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        var authority = rest[..<end]
        if let at = authority.lastIndex(of: "@") {
            let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = try Self.decoded(parts[0])
            password = try parts.count > 1 ? Self.decoded(parts[1]) : ""
            authority = authority[authority.index(after: at)...]
        }
        try Self.check(authority)
        let path = rest[end...].prefix { $0 != "?" && $0 != "#" }.split(separator: "/")
        text = "\(scheme)://\(authority)" + path.map { "/\($0)" }.joined()
    }

    private static func scheme(of address: String) throws(Failure) -> (String, Substring) {
        guard let colon = address.firstRange(of: "://") else {
            guard !address.contains("/") || address.firstIndex(of: "/") == address.indices.last else {
                throw Failure(message: "must start with https:// or http:// to have a path")
            }
            return ("http", address[...])
        }
        let scheme = address[..<colon.lowerBound].lowercased()
        guard scheme == "https" || scheme == "http" else {
            throw Failure(message: "must start with https:// or http://")
        }
        return (scheme, address[colon.upperBound...])
    }

    private static func check(_ authority: Substring) throws(Failure) {
        let host: Substring
        var port: Substring?
        if authority.first == "[", let bracket = authority.lastIndex(of: "]") {
            host = authority[authority.index(after: authority.startIndex)..<bracket]
            let rest = authority[authority.index(after: bracket)...]
            guard rest.isEmpty || rest.first == ":" else { throw Failure(message: "must have a host") }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            host = parts[0]
            port = parts.count > 1 ? parts[1] : nil
        }
        guard !host.isEmpty else { throw Failure(message: "must have a host") }
        guard authority.first == "[" || !host.contains("%") else {
            throw Failure(message: "must have a host without percent signs")
        }
        guard let port, !port.isEmpty else { return }
        guard let number = UInt16(port), number > 0 else {
            throw Failure(message: "must have a port from 1 to 65535")
        }
    }

    private static func decoded(_ text: Substring) throws(Failure) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 else {
                throw Failure(message: "has a percent sign without two hexadecimal digits")
            }
            bytes.append(code)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
