import Crypto
import FoundationEssentials
package import HTTPTransport
import PluginSDK
import SourceSupport
import WireFormats

/// The key and the scope of an AWS Signature Version 4.
///
/// ```swift
/// let signature = AWSSignature(region: "eu-west-1", service: "sqs", key: key)
/// let response = try await client.send(try signature.signed(request, nowMicroseconds: now()))
/// ```
///
/// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
package struct AWSSignature: Sendable, Hashable {
    static let algorithm = "AWS4-HMAC-SHA256"

    package let region: String
    /// The service name, such as `aps`.
    package let service: String
    package let key: AWSKey

    package init(region: String, service: String, key: AWSKey) {
        self.region = region
        self.service = service
        self.key = key
    }

    /// Returns the request with a signature of the time. Sign each request shortly before it is sent: AWS accepts a
    /// signature for five minutes.
    ///
    /// The path and query of the signed request are encoded in one way, so that AWS, which encodes them itself before it
    /// verifies a signature, gets the same text. Headers that are added later are not signed.
    ///
    /// - Throws: ``HTTPError/Kind/invalidRequest`` if the request's URL is malformed.
    package func signed(_ request: HTTPRequest, nowMicroseconds: Int64) throws(HTTPError) -> HTTPRequest {
        let target = try SignedTarget(of: request.url)
        let time = Self.time(nowMicroseconds)
        var signed = request
        signed.url = target.url
        // Set here, so that the Host header that is sent is the signed one.
        signed.headers.removeAll { $0.name.lowercased() == "host" }
        signed.headers += [HTTPHeader("Host", target.host), HTTPHeader("X-Amz-Date", time)]
        if let token = key.sessionToken {
            signed.headers.append(HTTPHeader("X-Amz-Security-Token", token.reveal()))
        }
        let payloadHash = Self.hexDigest(request.body ?? [])
        if isStorage { signed.headers.append(HTTPHeader("X-Amz-Content-Sha256", payloadHash)) }
        let canonical = CanonicalRequest(
            method: request.method, path: target.path, query: target.query, headers: signed.headers,
            payloadHash: payloadHash, isStorage: isStorage)
        signed.headers.append(HTTPHeader("Authorization", authorization(of: canonical, time: time)))
        return signed
    }

    /// Whether the service is S3, which alone signs a path as it is: its keys may have empty and dot segments.
    var isStorage: Bool { service == "s3" || service.hasPrefix("s3-") }

    /// Returns the value of the Authorization header for a request of a time, such as `20150830T123600Z`.
    func authorization(of request: CanonicalRequest, time: String) -> String {
        let date = String(time.prefix(8))
        let scope = "\(date)/\(region)/\(service)/aws4_request"
        let text = "\(Self.algorithm)\n\(time)\n\(scope)\n\(Self.hexDigest(Array(request.text.utf8)))"
        var secret = SymmetricKey(data: Array("AWS4\(key.secret.reveal())".utf8))
        for part in [date, region, service, "aws4_request"] {
            secret = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: secret))
        }
        let signature = Self.hex(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: secret))
        return "\(Self.algorithm) Credential=\(key.id)/\(scope), SignedHeaders=\(request.signedHeaders), "
            + "Signature=\(signature)"
    }

    /// Returns a time as in the header X-Amz-Date.
    static func time(_ microseconds: Int64) -> String {
        RFC3339.text(microseconds: microseconds, precision: .seconds).filter { $0 != "-" && $0 != ":" }
    }

    static func hexDigest(_ bytes: [UInt8]) -> String { hex(SHA256.hash(data: bytes)) }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension AWSSignature: CustomStringConvertible, CustomDebugStringConvertible {
    /// Never the key.
    package var description: String { "AWSSignature(\(region), \(service), ***)" }

    package var debugDescription: String { description }
}
