/// An HTTP request, with its bounds.
package struct HTTPRequest: Sendable {
    package var method: String
    package var url: String
    /// In the order sent. A name may repeat.
    package var headers: [HTTPHeader]
    package var body: [UInt8]?
    package var tls: TLSOptions
    /// URL of the proxy (http, https, socks5, socks5h) to go through, regardless of the environment. May contain a
    /// password.
    package var proxy: String?
    /// Signs the request for AWS, if there is one.
    package var awsSignature: AWSSignature?
    /// From name look-up to the last byte of the body; of a stream, to the last header unless ``boundsWholeStream``.
    /// Nil: no limit.
    package var timeout: Duration?
    /// Whether ``timeout`` is that of a stream's body too.
    package var boundsWholeStream: Bool
    /// A longer body (after content decoding) is ``HTTPError/Kind/bodyTooLarge``. Does not bound a stream.
    package var maxBodyBytes: Int

    /// Body cap if the request names none.
    package static let defaultMaxBodyBytes = 8 << 20

    package init(
        method: String = "GET",
        url: String,
        headers: [HTTPHeader] = [],
        body: [UInt8]? = nil,
        tls: TLSOptions = TLSOptions(),
        proxy: String? = nil,
        awsSignature: AWSSignature? = nil,
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
        self.awsSignature = awsSignature
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
    /// Method and host; never the headers, the body, or the URL's user information and query.
    package var description: String {
        "\(method) \((try? URLParts(parsing: url))?.authority ?? "(no valid URL)")"
    }

    package var debugDescription: String { description }
}

extension HTTPHeader: CustomStringConvertible, CustomDebugStringConvertible {
    /// Never the value, which may be a token.
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

/// The credentials and scope of an AWS Signature Version 4. libcurl computes the signature.
///
/// Give the query of the URL in the order of its names: libcurl signs it as it is, and AWS sorts it first. Give a body
/// its Content-Type: libcurl would call it a form.
package struct AWSSignature: Sendable, Hashable {
    package var region: String
    /// Such as `aps`.
    package var service: String
    package var accessKeyID: String
    package var secretAccessKey: String
    /// Of credentials that end by themselves.
    package var sessionToken: String?

    package init(
        region: String, service: String, accessKeyID: String, secretAccessKey: String, sessionToken: String?
    ) {
        self.region = region
        self.service = service
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

extension AWSSignature: CustomStringConvertible, CustomDebugStringConvertible {
    /// Never the key.
    package var description: String { "AWSSignature(\(region), \(service), ***)" }

    package var debugDescription: String { description }
}
