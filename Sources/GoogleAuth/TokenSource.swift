package import HTTPTransport
package import PluginSDK
package import SourceSupport
import WireFormats

/// The credentials that a config uses. Configs with equal owners share a token.
package enum TokenOwner: Hashable, Sendable {
    case serviceAccount(ServiceAccountKey, tokenEndpoint: String?)
    case federated(FederatedIdentity)
    /// The operator's credentials.
    case ambient(tokenEndpoint: String?)
}

/// Gets Google's access tokens for one purpose.
package struct TokenSource: Sendable {
    package static let platformScope = "https://www.googleapis.com/auth/cloud-platform"
    /// For one step on the way to an access token.
    static let timeout: Duration = .seconds(10)
    static let maxBodyBytes = 256 << 10

    private let scope: String
    private let client: any HTTPClient
    private let metadata: GoogleMetadata
    private let files: any FileReader
    private let environment: [String: String]
    private let nowMicroseconds: @Sendable () -> Int64

    /// - Parameters:
    ///   - scope: what the tokens are for, as a URL. The metadata server gives its own.
    ///   - environment: of the process.
    package init(
        scope: String, client: any HTTPClient, metadata: GoogleMetadata, files: any FileReader,
        environment: [String: String], nowMicroseconds: @escaping @Sendable () -> Int64
    ) {
        self.scope = scope
        self.client = client
        self.metadata = metadata
        self.files = files
        self.environment = environment
        self.nowMicroseconds = nowMicroseconds
    }

    package func token(for owner: TokenOwner) async throws(PluginError) -> AccessToken {
        switch owner {
        case .serviceAccount(let key, let endpoint):
            try await grant(key, endpoint: endpoint, name: "credentials")
        case .federated(let identity):
            try await exchange(ExternalAccount(identity), name: "token")
        case .ambient(let endpoint):
            try await ambientToken(endpoint: endpoint)
        }
    }

    // MARK: The operator's own, in Google's order (https://google.aip.dev/auth/4110)

    private func ambientToken(endpoint: String?) async throws(PluginError) -> AccessToken {
        let search = AmbientCredentials(files: files, environment: environment)
        let (found, name) = try search.find()
        switch found {
        case .serviceAccount(let key): return try await grant(key, endpoint: endpoint, name: name)
        case .authorizedUser(let user): return try await refresh(user, endpoint: endpoint, name: name)
        case .externalAccount(let account): return try await exchange(account, name: name)
        case nil:
            do throws(PluginError) {
                return try await metadata.accessToken()
            } catch {
                guard error.kind == .authFailed else { throw error }
                throw PluginError(
                    .authFailed,
                    "no Google credentials: credentials is not set, \(AmbientCredentials.variable) is not set, "
                        + "\(name), and \(error.message)",
                    path: "credentials")
            }
        }
    }

    private func grant(
        _ key: ServiceAccountKey, endpoint: String?, name: String
    ) async throws(PluginError) -> AccessToken {
        let url = endpoint ?? key.tokenEndpoint
        let assertion: Secret
        do throws(CredentialFault) {
            assertion = try SignedAssertion.make(
                key, audience: url, scope: scope, nowMicroseconds: nowMicroseconds())
        } catch {
            throw PluginError(.authFailed, "\(name) \(error.message)", path: "credentials")
        }
        return try await ask(
            url,
            [
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion.reveal()),
            ], name: name)
    }

    private func refresh(
        _ user: AuthorizedUser, endpoint: String?, name: String
    ) async throws(PluginError) -> AccessToken {
        try await ask(
            endpoint ?? ServiceAccountKey.googleTokenEndpoint,
            [
                ("grant_type", "refresh_token"), ("client_id", user.clientID),
                ("client_secret", user.clientSecret.reveal()), ("refresh_token", user.refreshToken.reveal()),
            ], name: name, quotaProject: user.quotaProject)
    }

    private func exchange(_ account: ExternalAccount, name: String) async throws(PluginError) -> AccessToken {
        let subject = try await subjectToken(account, name: name)
        let federated = try await ask(
            account.tokenURL,
            [
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("audience", account.audience),
                ("scope", account.impersonationURL == nil ? scope : Self.platformScope),
                ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                ("subject_token", subject.reveal()), ("subject_token_type", account.subjectTokenType),
            ], name: name)
        guard let url = account.impersonationURL else { return federated }
        return try await impersonate(url, federated, name: name)
    }

    private func subjectToken(_ account: ExternalAccount, name: String) async throws(PluginError) -> Secret {
        let bytes: [UInt8]
        let place: String
        switch account.source {
        case .token(let token): return token
        case .file(let path):
            place = path
            do throws(FileError) {
                bytes = try files.contents(of: path)
            } catch {
                throw error.pluginError(.authFailed, field: "credential_source of \(name)")
            }
        case .url(let url, let headers):
            place = "its URL"
            let response = try await send(
                HTTPRequest(
                    url: url,
                    headers: headers.sorted { $0.key < $1.key }.map { HTTPHeader($0.key, $0.value.reveal()) },
                    timeout: Self.timeout, maxBodyBytes: Self.maxBodyBytes),
                "the credential_source of \(name)")
            guard response.status == 200 else {
                throw PluginError(
                    .authFailed, "the credential_source of \(name) returned HTTP status \(response.status)")
            }
            bytes = response.body
        }
        guard let token = account.subjectToken(in: bytes) else {
            throw PluginError(.authFailed, "the credential_source of \(name) contains no token at \(place)")
        }
        return token
    }

    // MARK: Requests

    private func ask(
        _ url: String, _ fields: [(name: String, value: String)], name: String, quotaProject: String? = nil
    ) async throws(PluginError) -> AccessToken {
        let response = try await send(
            HTTPRequest(
                method: "POST", url: url,
                headers: [
                    HTTPHeader("Content-Type", "application/x-www-form-urlencoded"),
                    HTTPHeader("Accept", "application/json"),
                ],
                body: Array(Encoding.form(fields).utf8), timeout: Self.timeout,
                maxBodyBytes: Self.maxBodyBytes), "the token endpoint")
        let now = nowMicroseconds()
        guard response.status == 200 else {
            throw PluginError(refusalOf: response, credentials: name, nowMicroseconds: now)
        }
        guard let token = AccessToken(response.body, nowMicroseconds: now, quotaProject: quotaProject) else {
            throw PluginError(.sourceUnreachable, "the token endpoint returned no access token")
        }
        return token
    }

    /// Exchanges a token for one of the impersonated account.
    ///
    /// Source:
    /// https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
    private func impersonate(
        _ url: String, _ federated: AccessToken, name: String
    ) async throws(PluginError) -> AccessToken {
        let body: JSON = [
            "scope": [.string(scope)], "lifetime": .string("\(SignedAssertion.lifetimeSeconds)s"),
        ]
        let response = try await send(
            HTTPRequest(
                method: "POST", url: url,
                headers: [
                    HTTPHeader("Content-Type", "application/json"),
                    HTTPHeader("Authorization", "Bearer \(federated.token.reveal())"),
                ],
                body: body.encoded(), timeout: Self.timeout,
                maxBodyBytes: Self.maxBodyBytes), "the impersonation endpoint")
        guard response.status == 200 else {
            throw PluginError(refusalOf: response, credentials: name, nowMicroseconds: nowMicroseconds())
        }
        let json = try? JSON(parsing: response.body, limits: SourceLimits.credential)
        guard let text = json?["accessToken"]?.stringValue, AccessToken.isToken(text),
            let end = json?["expireTime"]?.stringValue.flatMap(RFC3339.microseconds)
        else { throw PluginError(.sourceUnreachable, "the impersonation endpoint returned no access token") }
        return AccessToken(Secret(text), endsAtMicroseconds: end)
    }

    private func send(_ request: HTTPRequest, _ who: String) async throws(PluginError) -> HTTPResponse {
        do throws(HTTPError) {
            return try await client.send(request)
        } catch {
            throw PluginError(error, from: who, maxBodyBytes: Self.maxBodyBytes)
        }
    }
}

extension PluginError {
    /// Creates an error for a refused token request.
    package init(refusalOf response: HTTPResponse, credentials name: String, nowMicroseconds: Int64) {
        let json = try? JSON(parsing: response.body, limits: SourceLimits.credential)
        let code = json?["error"]?.stringValue ?? json?["error"]?["status"]?.stringValue ?? "no reason"
        let text = json?["error_description"]?.stringValue ?? json?["error"]?["message"]?.stringValue
        let said = Quoting.shortened(text.map { "\(code): \($0)" } ?? code)
        let status = "requesting a token with \(name), Google returned HTTP status \(response.status) (\(said))"
        switch response.status {
        case 429: self.init(.rateLimited, status, retryAfterMs: response.retryAfterMs)
        case 400..<500 where code == "invalid_grant":
            // Usually the account or its key has been deleted; otherwise the clocks differ.
            let here = RFC3339.text(microseconds: nowMicroseconds, precision: .seconds)
            let there = response.head.header("Date") ?? "unknown"
            self.init(
                .authFailed,
                "\(status). The key or the login may have been revoked, or a clock may be wrong: this machine's time is "
                    + "\(here), Google's \(Quoting.shortened(there))",
                path: "credentials")
        case 400..<500: self.init(.authFailed, "\(status). Check the credentials", path: "credentials")
        default: self.init(.sourceUnreachable, status)
        }
    }
}
