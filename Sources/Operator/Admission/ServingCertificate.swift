import Crypto
package import FoundationEssentials
import SwiftASN1
import X509

/// A server certificate, its key, and the authorities that clients trust, as PEM.
///
/// Each certificate is signed by its own authority, whose key is discarded, so that it cannot be stolen to sign
/// another. The previous authority stays trusted until the next renewal, because replicas switch one by one.
package struct ServingCertificate: Sendable, Hashable {
    package static let lifetime: TimeInterval = 365 * 86_400
    /// The share of the lifetime after which the certificate is renewed.
    package static let renewedAfter = 2.0 / 3
    /// The allowed clock skew between machines.
    private static let allowedSkew: TimeInterval = 3_600

    package let certificate: String
    package let key: String
    /// The authority that signed the certificate, and the previous one.
    package let authorities: String

    package init(certificate: String, key: String, authorities: String) {
        self.certificate = certificate
        self.key = key
        self.authorities = authorities
    }

    /// - Parameters:
    ///   - hosts: DNS names that clients use. Not empty.
    ///   - previous: the certificate whose authority stays trusted.
    package init(forHosts hosts: [String], at now: Date, after previous: ServingCertificate? = nil) throws {
        let authorityKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
        // Each authority has a unique name: with two authorities of the same name, clients may check only the wrong
        // one.
        let number = UUID().uuidString.prefix(8).lowercased()
        let authorityName = try DistinguishedName { CommonName("generalscaler webhook authority \(number)") }
        let start = now.addingTimeInterval(-Self.allowedSkew)
        let end = now.addingTimeInterval(Self.lifetime)
        let authority = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: authorityKey.publicKey, notValidBefore: start,
            notValidAfter: end, issuer: authorityName, subject: authorityName, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true))
            },
            issuerPrivateKey: authorityKey)
        let ownKey = P256.Signing.PrivateKey()
        let own = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: Certificate.PrivateKey(ownKey).publicKey,
            notValidBefore: start, notValidAfter: end, issuer: authorityName,
            subject: try DistinguishedName { CommonName("generalscaler webhook") },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(hosts.map { .dnsName($0) })
            },
            issuerPrivateKey: authorityKey)
        certificate = try own.serializeAsPEM().pemString + "\n"
        key = ownKey.pemRepresentation + "\n"
        let before = previous.flatMap { try? PEMDocument.parseMultiple(pemString: $0.authorities).first?.pemString }
        authorities = try [authority.serializeAsPEM().pemString, before].compactMap { $0.map { $0 + "\n" } }.joined()
    }

    /// The expiry time; nil if the certificate cannot be parsed.
    package var expiry: Date? {
        // The server's own certificate is the first of a chain.
        (try? PEMDocument.parseMultiple(pemString: certificate).first)
            .flatMap { try? Certificate(pemDocument: $0) }?.notValidAfter
    }

    /// Returns whether the certificate is valid for these hosts and not due for renewal. False if it cannot be parsed.
    package func isFresh(forHosts hosts: [String], at now: Date) -> Bool {
        guard let certificate = try? Certificate(pemEncoded: certificate),
            (try? P256.Signing.PrivateKey(pemRepresentation: key)) != nil,
            (try? PEMDocument.parseMultiple(pemString: authorities))?.isEmpty == false,
            let names = try? certificate.extensions.subjectAlternativeNames
        else { return false }
        let life = certificate.notValidAfter.timeIntervalSince(certificate.notValidBefore)
        let renewal = certificate.notValidBefore.addingTimeInterval(life * Self.renewedAfter)
        return now < renewal && now >= certificate.notValidBefore && hosts.allSatisfy { names.contains(.dnsName($0)) }
    }
}
