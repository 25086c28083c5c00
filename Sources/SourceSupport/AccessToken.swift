package import PluginSDK

/// A bearer token with an expiry time.
package struct AccessToken: Sendable, Hashable {
    package let token: Secret
    /// Microseconds since 1970 at which it ends.
    package let endsAtMicroseconds: Int64
    /// The project to name as the one that pays for the request, if the credentials have one of their own.
    package let quotaProject: String?

    package init(_ token: Secret, endsAtMicroseconds: Int64, quotaProject: String? = nil) {
        self.token = token
        self.endsAtMicroseconds = endsAtMicroseconds
        self.quotaProject = quotaProject
    }
}

/// Keeps access tokens until shortly before they end. Who asks at the same time waits for the same answer.
package actor AccessTokenCache<Key: Hashable & Sendable> {
    package typealias Fetch = @Sendable () async throws(PluginError) -> AccessToken

    /// Google's own libraries renew that early.
    package static var renewalMargin: Duration { .seconds(225) }
    /// Tokens kept; more credentials than that take turns.
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
            // It is good for a while yet, and the next call tries again.
            if let known, tokens[key] == known, timeLeft(of: known) > .zero { return known }
            throw error
        }
    }

    /// Discards a token that a server refused, so that the next call gets another one.
    package func drop(_ token: AccessToken, for key: Key) {
        if tokens[key] == token { tokens[key] = nil }
    }

    private func renewed(_ key: Key, _ fetch: @escaping Fetch) async throws(PluginError) -> AccessToken {
        // Awaited here, by every call that needs it; not cancelled with the one that came first.
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
