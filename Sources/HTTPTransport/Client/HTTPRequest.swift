/// An HTTP request and its limits.
package struct HTTPRequest: Sendable {
    package var method: String
    package var url: String
    /// The headers in the order in which they are sent. A name may repeat.
    package var headers: [HTTPHeader]
    package var body: [UInt8]?
    package var tls: TLSOptions
    /// The URL of the proxy (http, https, socks5, socks5h), which overrides the environment. May contain a password.
    package var proxy: String?
    /// The time from the name lookup to the last byte of the body; for a stream, to the last header unless
    /// ``boundsWholeStream`` is true. Nil means no limit.
    package var timeout: Duration?
    /// Whether ``timeout`` includes a stream's body.
    package var boundsWholeStream: Bool
    /// The maximum size of the body after content decoding; a larger one is ``HTTPError/Kind/bodyTooLarge``. Does not
    /// apply to a stream.
    package var maxBodyBytes: Int

    /// The maximum body size unless the request sets one.
    package static let defaultMaxBodyBytes = 8 << 20

    package init(
        method: String = "GET",
        url: String,
        headers: [HTTPHeader] = [],
        body: [UInt8]? = nil,
        tls: TLSOptions = TLSOptions(),
        proxy: String? = nil,
        timeout: Duration?,
        boundsWholeStream: Bool = false,
        maxBodyBytes: Int = HTTPRequest.defaultMaxBodyBytes
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.tls = tls
        self.proxy = proxy
        self.timeout = timeout
        self.boundsWholeStream = boundsWholeStream
        self.maxBodyBytes = maxBodyBytes
    }
}

package struct HTTPHeader: Sendable, Hashable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension HTTPRequest: CustomStringConvertible, CustomDebugStringConvertible {
    /// The method and host; never the headers, the body, or the URL's user information and query.
    package var description: String {
        "\(method) \((try? URLParts(parsing: url))?.authority ?? "(no valid URL)")"
    }

    package var debugDescription: String { description }
}

extension HTTPHeader: CustomStringConvertible, CustomDebugStringConvertible {
    /// The name; never the value, which may be a token.
    package var description: String { "\(name): ***" }

    package var debugDescription: String { description }
}

/// Options for the verification and authentication of a TLS connection. Equal options share connections.
package struct TLSOptions: Sendable, Hashable {
    /// PEM certificates to trust in place of the system's.
    package var certificateAuthorities: [UInt8]?
    /// PEM client certificate chain, and its PEM private key.
    package var clientCertificate: [UInt8]?
    package var clientKey: [UInt8]?
    /// Name to send and to verify in place of the URL's host.
    package var serverName: String?
    package var skipsVerification: Bool

    package init(
        certificateAuthorities: [UInt8]? = nil,
        clientCertificate: [UInt8]? = nil,
        clientKey: [UInt8]? = nil,
        serverName: String? = nil,
        skipsVerification: Bool = false
    ) {
        self.certificateAuthorities = certificateAuthorities
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.serverName = serverName
        self.skipsVerification = skipsVerification
    }
}

extension TLSOptions: CustomStringConvertible, CustomDebugStringConvertible {
    /// Never the key.
    package var description: String {
        "TLSOptions(authorities: \(certificateAuthorities == nil ? "system" : "given"), "
            + "client certificate: \(clientCertificate == nil ? "none" : "***"), "
            + "serverName: \(serverName ?? "of the URL"), skipsVerification: \(skipsVerification))"
    }

    package var debugDescription: String { description }
}
