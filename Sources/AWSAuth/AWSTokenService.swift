package import HTTPTransport
package import PluginSDK
import SourceSupport
import WireFormats

/// Exchanges tokens for temporary access keys at AWS's Security Token Service, once per token and role.
///
/// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
package struct AWSTokenService: Sendable {
    static let timeout: Duration = .seconds(10)
    static let maxBodyBytes = 64 << 10
    /// Shows in AWS's audit log.
    static let sessionName = "generalscaler"

    private let client: any HTTPClient
    private let sessions: CredentialCache<WebIdentity, AWSSession>

    package init(client: any HTTPClient, nowMicroseconds: @escaping @Sendable () -> Int64) {
        self.client = client
        sessions = CredentialCache(nowMicroseconds: nowMicroseconds)
    }

    /// Returns a key of the identity's role that is valid for a few minutes at least.
    ///
    /// - Throws: `auth_failed` if the role does not accept the token.
    package func key(for identity: WebIdentity) async throws(PluginError) -> AWSKey {
        try await sessions.credential(for: identity) { [client] () async throws(PluginError) in
            try await Self.session(identity, client)
        }.key
    }

    private static func session(
        _ identity: WebIdentity, _ client: any HTTPClient
    ) async throws(PluginError) -> AWSSession {
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", identity.roleARN),
            ("RoleSessionName", sessionName), ("WebIdentityToken", identity.token.reveal()),
        ]
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await client.send(
                HTTPRequest(
                    method: "POST", url: identity.endpoint,
                    headers: [HTTPHeader("Content-Type", "application/x-www-form-urlencoded")],
                    body: Array(Encoding.form(fields).utf8), timeout: timeout, maxBodyBytes: maxBodyBytes))
        } catch {
            throw PluginError(
                error, from: "AWS's token service", path: "auth.sigv4", maxBodyBytes: maxBodyBytes)
        }
        let answer = XMLElements(response.body)
        guard response.status == 200 else { throw refusal(response, answer, of: identity) }
        guard let id = answer["AccessKeyId"], let secret = answer["SecretAccessKey"],
            let token = answer["SessionToken"],
            let end = answer["Expiration"].flatMap(RFC3339.microseconds)
        else {
            throw PluginError(
                .sourceUnreachable, "AWS's token service answers without an access key", path: "auth.sigv4")
        }
        return AWSSession(
            key: AWSKey(id: id, secret: Secret(secret), sessionToken: Secret(token)), endsAtMicroseconds: end)
    }

    private static func refusal(
        _ response: HTTPResponse, _ answer: XMLElements, of identity: WebIdentity
    ) -> PluginError {
        let code = answer["Code"] ?? "no reason"
        let said = Quoting.shortened(answer["Message"].map { "\(code): \($0)" } ?? code)
        let status = "requesting a key of \(identity.roleARN), AWS returned HTTP status \(response.status) (\(said))"
        switch (response.status, code) {
        case (429, _), (_, "Throttling"), (_, "ThrottlingException"):
            return PluginError(.rateLimited, status, retryAfterMs: response.retryAfterMs)
        case (_, "IDPCommunicationError"), (500..., _), (..<400, _):
            return PluginError(.sourceUnreachable, "\(status). The next poll retries", path: "auth.sigv4")
        case (_, "ExpiredTokenException"):
            return PluginError(
                .authFailed, "\(status). The token has expired: take it from valueFrom.serviceAccountToken",
                path: "auth.sigv4.webIdentityToken")
        case (_, "InvalidIdentityToken"), (_, "IDPRejectedClaim"):
            return PluginError(
                .authFailed,
                "\(status). Check the token's audience, and that the account has the cluster's issuer as an identity "
                    + "provider", path: "auth.sigv4.webIdentityToken")
        default:
            return PluginError(
                .authFailed, "\(status). Check roleARN, and that the role's trust policy has the token's subject",
                path: "auth.sigv4.roleARN")
        }
    }
}

/// The texts of an XML document's elements, by name: enough for the answers of AWS's query protocol, whose values have
/// neither attributes nor markup. The first element of a name counts.
struct XMLElements {
    private let text: String

    init(_ bytes: [UInt8]) {
        text = String(decoding: bytes, as: UTF8.self)
    }

    subscript(name: String) -> String? {
        guard let start = text.firstRange(of: "<\(name)>")?.upperBound,
            let end = text[start...].firstRange(of: "</\(name)>")?.lowerBound
        else { return nil }
        let value = text[start..<end]
        guard !value.contains("<"), !value.isEmpty else { return nil }
        return [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
            .reduce(String(value)) { $0.replacing($1.0, with: $1.1) }
    }
}
