package import HTTPTransport
package import PluginSDK

extension PluginError {
    /// No answer came.
    ///
    /// - Parameters:
    ///   - who: Whose answer.
    ///   - path: the config field with its address.
    package init(_ error: HTTPError, from who: String, path: String? = nil, maxBodyBytes: Int) {
        switch error.kind {
        case .nameLookup, .connect, .tls, .connectionLost, .shutDown:
            self.init(.sourceUnreachable, error.message, path: path)
        case .invalidRequest: self.init(.configInvalid, error.message, path: path)
        case .deadline: self.init(.deadlineExceeded, "\(who) did not answer in time: \(error.message)")
        case .bodyTooLarge:
            let size = maxBodyBytes >= 1 << 20 ? "\(maxBodyBytes >> 20) MiB" : "\(maxBodyBytes >> 10) KiB"
            self.init(.sourceUnreachable, "\(who) returned more than \(size)", path: path)
        case .cancelled: self.init(.cancelled, error.message)
        }
    }
}

extension HTTPResponse {
    private static let maxRetryAfterSeconds = 86_400

    /// How long the server asks to wait, if it says so in seconds.
    package var retryAfterMs: Int? {
        let seconds = head.header("Retry-After").flatMap(Int.init)
        return seconds.flatMap { 0...Self.maxRetryAfterSeconds ~= $0 ? $0 * 1_000 : nil }
    }
}
