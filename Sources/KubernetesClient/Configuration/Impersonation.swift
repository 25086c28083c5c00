import HTTPTransport

/// The identity that requests impersonate: the `as` fields of a kubeconfig's user.
package struct Impersonation: Sendable, Hashable {
    package let user: String
    package let uid: String
    package let groups: [String]
    /// The extra values by key.
    package let extra: [String: [String]]

    var headers: [HTTPHeader] {
        var headers = [HTTPHeader("Impersonate-User", user)]
        if !uid.isEmpty { headers.append(HTTPHeader("Impersonate-Uid", uid)) }
        headers += groups.map { HTTPHeader("Impersonate-Group", $0) }
        for (key, values) in extra.sorted(by: { $0.key < $1.key }) {
            headers += values.map { HTTPHeader("Impersonate-Extra-\(Self.escaped(key))", $0) }
        }
        return headers
    }

    /// Percent-encodes the bytes that a header name must not contain, and the percent sign.
    private static func escaped(_ key: String) -> String {
        key.utf8.map { byte in
            let isPlain =
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: "!#$&'*+-.^_`|~".utf8.contains(byte)
                }
            if isPlain { return String(UnicodeScalar(byte)) }
            let code = String(byte, radix: 16, uppercase: true)
            return code.count == 1 ? "%0\(code)" : "%\(code)"
        }.joined()
    }
}
