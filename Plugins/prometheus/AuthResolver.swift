import AWSAuth
import HTTPTransport
import PluginSDK
import SourceSupport

/// Reads the credentials for a config's `auth`.
struct AuthResolver: Sendable {
    private let files: any FileReader
    private let google: GoogleMetadata
    private let aws: AWSEnvironment
    private let awsTokens: AWSTokenService
    private let googleTokens: AccessTokenCache<GoogleAccount>
    private let environment: [String: String]

    /// The only key: there is one metadata server, with one account.
    private enum GoogleAccount: Hashable { case ofWorkload }

    /// - Parameters:
    ///   - client: a client without a proxy, for servers on the same machine.
    ///   - tokenClient: for servers elsewhere.
    init(
        client: any HTTPClient, tokenClient: any HTTPClient, files: any FileReader, environment: [String: String],
        nowMicroseconds: @escaping @Sendable () -> Int64
    ) {
        self.files = files
        google = GoogleMetadata(client: client, environment: environment, nowMicroseconds: nowMicroseconds)
        aws = AWSEnvironment(client: client, files: files, environment: environment)
        awsTokens = AWSTokenService(client: tokenClient, nowMicroseconds: nowMicroseconds)
        googleTokens = AccessTokenCache(nowMicroseconds: nowMicroseconds)
        self.environment = environment
    }

    func credentials(_ config: PrometheusConfig) async throws(PluginError) -> Credentials {
        guard let auth = config.auth else { return .none }
        if let basic = auth.basic { return .basic(basic) }
        if let bearer = auth.bearer { return .bearer(try bearer.current(files)) }
        if let sigv4 = auth.sigv4 { return .signed(sigv4, try await key(sigv4)) }
        guard auth.googleMetadata != nil else { return .none }
        guard GoogleHosts.mayGetToken(config.address, environment: environment) else {
            throw PluginError(
                .configInvalid,
                "the operator's own token is sent only to https://*.googleapis.com and to emulators in "
                    + "\(GoogleHosts.emulatorVariable) in env of the plugin in plugins.yaml",
                path: "auth.googleMetadata")
        }
        return .bearer(try await googleToken().token)
    }

    /// Reads the credentials again after a refusal, because they may have been rotated.
    func freshCredentials(_ config: PrometheusConfig) async throws(PluginError) -> Credentials {
        if config.auth?.googleMetadata != nil { await googleTokens.drop(try await googleToken(), for: .ofWorkload) }
        return try await credentials(config)
    }

    private func googleToken() async throws(PluginError) -> AccessToken {
        do throws(PluginError) {
            return try await googleTokens.token(for: .ofWorkload) { [google] () async throws(PluginError) in
                try await google.accessToken()
            }
        } catch {
            var error = error
            error.path = "auth.googleMetadata"
            throw error
        }
    }

    /// Amazon Managed Service for Prometheus.
    private static let standardServices = "aps"

    private func key(_ sigv4: PrometheusAuth.SigV4) async throws(PluginError) -> AWSKey {
        if let key = try await sigv4.ownKey(awsTokens) { return key }
        return try await aws.key(
            service: sigv4.service, region: sigv4.region, standardServices: Self.standardServices)
    }
}
