package import PluginSDK

/// A bearer token with an expiry time.
package struct AccessToken: Sendable, Hashable {
    package let token: Secret
    /// The expiry in microseconds since 1970.
    package let endsAtMicroseconds: Int64
    /// The project that is billed for requests, if the credentials name one.
    package let quotaProject: String?

    package init(_ token: Secret, endsAtMicroseconds: Int64, quotaProject: String? = nil) {
        self.token = token
        self.endsAtMicroseconds = endsAtMicroseconds
        self.quotaProject = quotaProject
    }
}

/// Caches access tokens until shortly before they expire. Concurrent callers share one request.
package actor AccessTokenCache<Key: Hashable & Sendable> {
    package typealias Fetch = @Sendable () async throws(PluginError) -> AccessToken

    /// The margin that Google's own libraries use.
    package static var renewalMargin: Duration { .seconds(225) }
    /// The maximum number of cached tokens.
    private static var maxTokens: Int { 256 }

    private var tokens: [Key: AccessToken] = [:]
    private var fetches: [Key: Task<Result<AccessToken, PluginError>, Never>] = [:]
    private let nowMicroseconds: @Sendable () -> Int64

    package init(nowMicroseconds: @escaping @Sendable () -> Int64) {
        self.nowMicroseconds = nowMicroseconds
    }

    package func token(for key: Key, fetch: @escaping Fetch) async throws(PluginError) -> AccessToken {
        let known = tokens[key]
        if let known, timeLeft(of: known) > Self.renewalMargin { return known }
        do throws(PluginError) {
            return try await renewed(key, fetch)
        } catch {
            // The token is valid for a while, and the next call retries.
            if let known, tokens[key] == known, timeLeft(of: known) > .zero { return known }
            throw error
        }
    }

    /// Discards a token that a server refused, so that the next call fetches a new one.
    package func drop(_ token: AccessToken, for key: Key) {
        if tokens[key] == token { tokens[key] = nil }
    }

    private func renewed(_ key: Key, _ fetch: @escaping Fetch) async throws(PluginError) -> AccessToken {
        // Every call that needs the token awaits this task; it is not cancelled with the first call.
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
            if case .success(let token) = result {
                if tokens.count >= Self.maxTokens { tokens.removeAll() }
                tokens[key] = token
            }
        }
        return try result.get()
    }

    private func timeLeft(of token: AccessToken) -> Duration {
        .microseconds(token.endsAtMicroseconds - nowMicroseconds())
    }
}
