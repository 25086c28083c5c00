import Crypto
package import FoundationEssentials
import SwiftASN1
import X509

/// A certificate for a server, its key, and the authorities that clients believe, as PEM.
///
/// Each one is signed by its own authority, whose key is discarded: there is no key to steal that could sign another.
/// The authority before stays believed until the next renewal, since replicas change over one by one.
package struct ServingCertificate: Sendable, Hashable {
    package static let lifetime: TimeInterval = 365 * 86_400
    /// Renewed when so much of the lifetime has passed.
    package static let renewedAfter = 2.0 / 3
    /// Clocks of machines differ.
    private static let allowedSkew: TimeInterval = 3_600

    package let certificate: String
    package let key: String
    /// The authority that signed it, and the one before.
    package let authorities: String

    package init(certificate: String, key: String, authorities: String) {
        self.certificate = certificate
        self.key = key
        self.authorities = authorities
    }

    /// - Parameters:
    ///   - hosts: DNS names that clients use. Not empty.
    ///   - previous: whose authority stays believed.
    package init(forHosts hosts: [String], at now: Date, after previous: ServingCertificate? = nil) throws {
        let authorityKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
        // Each has a name of its own: of two authorities with one name, clients may look at the wrong one alone.
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

    /// When it ends; nil if it cannot be read.
    package var expiry: Date? {
        // Of a chain the server's own comes first.
        (try? PEMDocument.parseMultiple(pemString: certificate).first)
            .flatMap { try? Certificate(pemDocument: $0) }?.notValidAfter
    }

    /// Returns whether it is still good for these hosts for a while. What cannot be read is not.
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
