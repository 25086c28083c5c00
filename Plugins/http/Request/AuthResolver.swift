import AWSAuth
import GoogleAuth
import HTTPTransport
import PluginSDK
import SourceSupport

/// Gets what a config's `auth` asks for.
struct AuthResolver: Sendable {
    private let files: any FileReader
    private let aws: AWSEnvironment
    private let awsTokens: AWSTokenService
    private let oauth: OAuthTokenSource
    private let oauthTokens: AccessTokenCache<OAuthClient>
    private let googleTokens: AccessTokenCache<GoogleClient>
    private let client: any HTTPClient
    private let metadata: GoogleMetadata
    private let environment: [String: String]
    private let nowMicroseconds: @Sendable () -> Int64

    private struct GoogleClient: Hashable {
        let owner: TokenOwner
        let scope: String
    }

    /// - Parameter localClient: One without a proxy, for the servers that are on the machine itself.
    init(
        client: any HTTPClient, localClient: any HTTPClient, files: any FileReader, environment: [String: String],
        nowMicroseconds: @escaping @Sendable () -> Int64
    ) {
        self.client = client
        self.files = files
        self.environment = environment
        self.nowMicroseconds = nowMicroseconds
        awsTokens = AWSTokenService(client: client, nowMicroseconds: nowMicroseconds)
        aws = AWSEnvironment(client: localClient, files: files, environment: environment)
        metadata = GoogleMetadata(client: localClient, environment: environment, nowMicroseconds: nowMicroseconds)
        oauth = OAuthTokenSource(client: client, files: files, nowMicroseconds: nowMicroseconds)
        oauthTokens = AccessTokenCache(nowMicroseconds: nowMicroseconds)
        googleTokens = AccessTokenCache(nowMicroseconds: nowMicroseconds)
    }

    func credentials(_ config: HTTPSourceConfig) async throws(PluginError) -> RequestCredentials {
        guard let auth = config.auth else { return RequestCredentials() }
        if let basic = auth.basic { return RequestCredentials(authorization: basic.authorization) }
        if let bearer = auth.bearer {
            return RequestCredentials(authorization: Secret("Bearer " + (try bearer.current(files).reveal())))
        }
        if let oauth2 = auth.oauth2 { return .bearer(try await token(OAuthClient(oauth2))) }
        if let sigv4 = auth.sigv4 {
            return RequestCredentials(
                signature: AWSSignature(region: sigv4.region, service: sigv4.service, key: try await key(sigv4)))
        }
        guard let google = auth.google else { return RequestCredentials() }
        try checkPlace(google, config.url)
        return .bearer(try await token(try client(google)))
    }

    /// Returns the credentials again after a refusal: they may have been rotated.
    func freshCredentials(_ config: HTTPSourceConfig) async throws(PluginError) -> RequestCredentials {
        if let oauth2 = config.auth?.oauth2 {
            let client = OAuthClient(oauth2)
            await oauthTokens.drop(try await token(client), for: client)
        }
        if let google = config.auth?.google {
            let client = try client(google)
            await googleTokens.drop(try await token(client), for: client)
        }
        return try await credentials(config)
    }

    private func token(_ client: OAuthClient) async throws(PluginError) -> AccessToken {
        try await oauthTokens.token(for: client) { [oauth] () async throws(PluginError) in
            try await oauth.token(for: client)
        }
    }

    private func key(_ sigv4: HTTPAuth.SigV4) async throws(PluginError) -> AWSKey {
        if let key = try await sigv4.ownKey(awsTokens) { return key }
        // None that the administrator did not name: a signature for some services is a permission to do anything.
        return try await aws.key(service: sigv4.service, region: sigv4.region, standardServices: "")
    }

    // MARK: Google

    private func client(_ google: HTTPAuth.Google) throws(PluginError) -> GoogleClient {
        if let identity = google.federation.identity {
            return GoogleClient(owner: .federated(identity), scope: google.scope)
        }
        guard let credentials = google.credentials else {
            return GoogleClient(owner: .ambient(tokenEndpoint: nil), scope: google.scope)
        }
        do throws(CredentialFault) {
            let key = try ServiceAccountKey(ofResource: credentials, tokenEndpoint: nil)
            return GoogleClient(owner: .serviceAccount(key, tokenEndpoint: nil), scope: google.scope)
        } catch {
            throw PluginError(
                .configInvalid, "auth.google.credentials: \(error.message)", path: "auth.google.credentials")
        }
    }

    /// The operator's own token goes to Google, and to emulators that the administrator named.
    private func checkPlace(_ google: HTTPAuth.Google, _ url: String) throws(PluginError) {
        guard google.isOperators, !GoogleHosts.mayGetToken(url, environment: environment) else { return }
        throw PluginError(
            .configInvalid,
            "the operator's own token is sent only to https://*.googleapis.com and to emulators in "
                + "\(GoogleHosts.emulatorVariable) in env of the plugin in plugins.yaml: set "
                + "auth.google.credentials",
            path: "auth.google")
    }

    private func token(_ google: GoogleClient) async throws(PluginError) -> AccessToken {
        let source = TokenSource(
            scope: google.scope, client: client, metadata: metadata, files: files, environment: environment,
            nowMicroseconds: nowMicroseconds)
        do throws(PluginError) {
            return try await googleTokens.token(for: google) { () async throws(PluginError) in
                try await source.token(for: google.owner)
            }
        } catch {
            var error = error
            error.path = "auth.google"
            throw error
        }
    }
}
