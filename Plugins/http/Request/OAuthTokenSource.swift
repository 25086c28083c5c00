import HTTPTransport
import PluginSDK
import SourceSupport
import WireFormats

/// A client of an authorization server. Equal ones share their token.
struct OAuthClient: Sendable {
    let config: HTTPAuth.OAuth2

    init(_ config: HTTPAuth.OAuth2) {
        self.config = config
    }

    private var identity: [String?] {
        let tls = config.tls
        let parameters = config.parameters.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        return [
            config.tokenURL, config.clientID, config.clientSecret.reveal(), config.scope, tls?.ca, tls?.cert,
            tls?.key?.reveal(), tls?.serverName, tls?.insecureSkipVerify == true ? "any" : nil,
        ] + parameters
    }
}

extension OAuthClient: Hashable {
    static func == (left: OAuthClient, right: OAuthClient) -> Bool { left.identity == right.identity }

    func hash(into hasher: inout Hasher) { hasher.combine(identity) }
}

/// Gets access tokens by the client credentials grant.
///
/// Source: RFC 6749, sections 2.3.1, 4.4 and 5
struct OAuthTokenSource: Sendable {
    let client: any HTTPClient
    let files: any FileReader
    let nowMicroseconds: @Sendable () -> Int64

    func token(for client: OAuthClient) async throws(PluginError) -> AccessToken {
        let config = client.config
        var fields = config.parameters.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        fields.append(("grant_type", "client_credentials"))
        if let scope = config.scope { fields.append(("scope", scope)) }
        // Encoded as a form is, before they are joined.
        let pair =
            "\(Encoding.percentEncoded(config.clientID)):\(Encoding.percentEncoded(config.clientSecret.reveal()))"
        let tls: TLSOptions
        do throws(PluginError) {
            tls = try config.tls?.options(files) ?? TLSOptions()
        } catch {
            throw Self.inAuth(error)
        }
        let request = HTTPRequest(
            method: "POST", url: config.tokenURL,
            headers: [
                HTTPHeader("Authorization", "Basic " + Encoding.base64(Array(pair.utf8))),
                HTTPHeader("Content-Type", "application/x-www-form-urlencoded"),
                HTTPHeader("Accept", "application/json"),
            ],
            body: Array(Encoding.form(fields).utf8), tls: tls, timeout: HTTPSourceLimits.tokenTimeout,
            maxBodyBytes: HTTPSourceLimits.maxTokenBodyBytes)
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await self.client.send(request)
        } catch {
            throw PluginError(
                error, from: "the token endpoint", path: "auth.oauth2.tokenURL",
                maxBodyBytes: HTTPSourceLimits.maxTokenBodyBytes)
        }
        return try token(response)
    }

    private static func inAuth(_ error: PluginError) -> PluginError {
        var error = error
        error.path = error.path.map { "auth.oauth2.\($0)" }
        return error
    }

    private func token(_ response: HTTPResponse) throws(PluginError) -> AccessToken {
        let json = try? JSON(parsing: response.body, limits: SourceLimits.credential)
        guard response.status == 200 else { throw refusal(response, json) }
        guard let json, let token = json["access_token"]?.stringValue, AccessToken.isToken(token) else {
            throw PluginError(
                .sourceUnreachable, "the token endpoint answers without an access token: check tokenURL",
                path: "auth.oauth2.tokenURL")
        }
        if let type = json["token_type"]?.stringValue, type.lowercased() != "bearer" {
            throw PluginError(
                .authFailed, "the token endpoint gives a token of the type \(Quoting.shortened(type)), not bearer",
                path: "auth.oauth2")
        }
        // Some servers write the number as a text.
        let written = json["expires_in"].flatMap { $0.intValue ?? $0.stringValue.flatMap(Int.init) }
        let seconds = min(max(written ?? HTTPSourceLimits.defaultTokenSeconds, 0), HTTPSourceLimits.maxTokenSeconds)
        return AccessToken(
            Secret(token), endsAtMicroseconds: nowMicroseconds() + Int64(seconds) * 1_000_000)
    }

    private func refusal(_ response: HTTPResponse, _ json: JSON?) -> PluginError {
        let texts = ["error", "error_description"].compactMap { json?[$0]?.stringValue }.map(Quoting.shortened)
        let said = texts.isEmpty ? "" : " (\(texts.joined(separator: ": ")))"
        let status = "the token endpoint returned HTTP status \(response.status)\(said)"
        switch response.status {
        case 300..<400:
            return PluginError(
                .configInvalid, "\(status): it redirects, which the plugin does not follow. Check tokenURL",
                path: "auth.oauth2.tokenURL")
        case 404:
            return PluginError(.notFound, "\(status). Check tokenURL", path: "auth.oauth2.tokenURL")
        case 429: return PluginError(.rateLimited, status, retryAfterMs: response.retryAfterMs)
        case 400..<500:
            return PluginError(
                .authFailed, "\(status). Check clientID, clientSecret, scope and parameters", path: "auth.oauth2")
        default: return PluginError(.sourceUnreachable, status, path: "auth.oauth2.tokenURL")
        }
    }
}
