extension HTTPRequest {
    /// Returns whether the text is an absolute http or https URL, as libcurl reads one.
    package static func canBeSent(to url: String) -> Bool { (try? URLParts(parsing: url)) != nil }

    /// Throws ``HTTPError/Kind/invalidRequest`` for a header or method that would change the meaning of the bytes on
    /// the wire.
    func check() throws(HTTPError) {
        guard !method.isEmpty, method.utf8.allSatisfy(isTokenByte) else {
            throw HTTPError(.invalidRequest, "the method is not an HTTP token")
        }
        guard method != "HEAD" || body == nil else {
            throw HTTPError(.invalidRequest, "a HEAD request has no body; remove it")
        }
        if let timeout, timeout <= .zero {
            throw HTTPError(.deadline, "no time was left before the request was sent; give it a longer deadline")
        }
        for header in headers {
            try header.check()
        }
    }
}

extension HTTPHeader {
    fileprivate func check() throws(HTTPError) {
        guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte) else {
            throw HTTPError(.invalidRequest, "a header name is not an HTTP token")
        }
        guard value.utf8.allSatisfy({ ($0 >= 0x20 && $0 != 0x7f) || $0 == UInt8(ascii: "\t") }) else {
            throw HTTPError(.invalidRequest, "the value of header \(name) contains a control character; remove it")
        }
        guard !["content-length", "transfer-encoding"].contains(name.lowercased()) else {
            throw HTTPError(.invalidRequest, "header \(name) is set by the transport; remove it from the request")
        }
    }
}

/// Whether the byte may be in a token (RFC 9110, section 5.6.2).
private func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
    default:
        "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}
