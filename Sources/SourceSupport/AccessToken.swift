package import PluginSDK

/// What proves an identity until a certain time.
package protocol ExpiringCredential: Sendable, Hashable {
    /// The expiry in microseconds since 1970.
    var endsAtMicroseconds: Int64 { get }
}

/// A bearer token with an expiry time.
package struct AccessToken: ExpiringCredential {
    package let token: Secret
    package let endsAtMicroseconds: Int64
    /// The project that is billed for requests, if the credentials name one.
    package let quotaProject: String?

    package init(_ token: Secret, endsAtMicroseconds: Int64, quotaProject: String? = nil) {
        self.token = token
        self.endsAtMicroseconds = endsAtMicroseconds
        self.quotaProject = quotaProject
    }
}

/// Caches access tokens.
package typealias AccessTokenCache<Key: Hashable & Sendable> = CredentialCache<Key, AccessToken>

extension CredentialCache where Credential == AccessToken {
    package func token(for key: Key, fetch: @escaping Fetch) async throws(PluginError) -> AccessToken {
        try await credential(for: key, fetch: fetch)
    }
}

/// Caches credentials until shortly before they expire. Concurrent callers share one request.
package actor CredentialCache<Key: Hashable & Sendable, Credential: ExpiringCredential> {
    package typealias Fetch = @Sendable () async throws(PluginError) -> Credential

    /// The margin that Google's own libraries use.
    package static var renewalMargin: Duration { .seconds(225) }
    /// The maximum number of cached credentials.
    private static var maxCredentials: Int { 256 }

    private var credentials: [Key: Credential] = [:]
    private var fetches: [Key: Task<Result<Credential, PluginError>, Never>] = [:]
    private let nowMicroseconds: @Sendable () -> Int64

    package init(nowMicroseconds: @escaping @Sendable () -> Int64) {
        self.nowMicroseconds = nowMicroseconds
    }

    package func credential(for key: Key, fetch: @escaping Fetch) async throws(PluginError) -> Credential {
        let known = credentials[key]
        if let known, timeLeft(of: known) > Self.renewalMargin { return known }
        do throws(PluginError) {
            return try await renewed(key, fetch)
        } catch {
            // The credential is valid for a while, and the next call retries.
            if let known, credentials[key] == known, timeLeft(of: known) > .zero { return known }
            throw error
        }
    }

    /// Discards a credential that a server refused, so that the next call fetches a new one.
    package func drop(_ credential: Credential, for key: Key) {
        if credentials[key] == credential { credentials[key] = nil }
    }

    private func renewed(_ key: Key, _ fetch: @escaping Fetch) async throws(PluginError) -> Credential {
        // Every call that needs the credential awaits this task; it is not cancelled with the first call.
        let task =
            fetches[key]
            ?? Task {
                do throws(PluginError) {
                    return .success(try await fetch())
                } catch {
                    return .failure(error)
                }
            }
        fetches[key] = task
        let result = await task.value
        if fetches[key] == task {
            fetches[key] = nil
            if case .success(let credential) = result {
                if credentials.count >= Self.maxCredentials { credentials.removeAll() }
                credentials[key] = credential
            }
        }
        return try result.get()
    }

    private func timeLeft(of credential: Credential) -> Duration {
        .microseconds(credential.endsAtMicroseconds - nowMicroseconds())
    }
}
