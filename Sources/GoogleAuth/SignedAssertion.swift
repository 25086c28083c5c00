package import CryptoExtras
import FoundationEssentials
package import PluginSDK
import SourceSupport
import WireFormats

/// The signed assertion with which a service account requests an access token.
///
/// Source: RFC 7523, and https://developers.google.com/identity/protocols/oauth2/service-account
package enum SignedAssertion {
    /// How long an assertion, and with it the token it buys, is asked to live. Google allows no more.
    static let lifetimeSeconds = 3_600

    package static func make(
        _ key: ServiceAccountKey, audience: String, scope: String, nowMicroseconds: Int64
    ) throws(CredentialFault) -> Secret {
        let now = nowMicroseconds / 1_000_000
        var header: [String: JSON] = ["alg": "RS256", "typ": "JWT"]
        if let id = key.keyID { header["kid"] = .string(id) }
        let claims: JSON = [
            "iss": .string(key.email), "scope": .string(scope), "aud": .string(audience), "iat": .integer(now),
            "exp": .integer(now + Int64(lifetimeSeconds)),
        ]
        let parts = [JSON.object(header), claims].map { Encoding.base64URL($0.encoded()) }
        let message = parts.joined(separator: ".")
        let signer = try signer(key)
        guard let signature = try? signer.signature(for: Array(message.utf8), padding: .insecurePKCS1v1_5) else {
            throw CredentialFault("has a private_key that cannot sign")
        }
        return Secret("\(message).\(Encoding.base64URL(Array(signature.rawRepresentation)))")
    }

    /// - Throws: an error without the reason, which may quote the key.
    package static func signer(_ key: ServiceAccountKey) throws(CredentialFault) -> _RSA.Signing.PrivateKey {
        guard let signer = try? _RSA.Signing.PrivateKey(pemRepresentation: key.privateKey.reveal()) else {
            throw CredentialFault("has a private_key that is not an RSA key in PEM text of 2048 bits or more")
        }
        return signer
    }
}
