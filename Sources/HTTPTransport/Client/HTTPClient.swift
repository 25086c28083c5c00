/// Sends HTTP requests. ``CurlHTTPClient`` is the production implementation; simulations and tests use their own.
package protocol HTTPClient: Sendable {
    /// Sends the request and waits for the complete response. Redirects are responses and are not followed.
    ///
    /// Cancelling the task frees the transfer at once and throws ``HTTPError/Kind/cancelled``.
    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse

    /// Sends the request and returns once the response's headers have arrived; the body follows chunk by chunk.
    ///
    /// A slow reader applies backpressure to the server. Dropping or cancelling the stream's reader frees the transfer.
    func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream
}

/// A response whose body is still arriving.
package struct HTTPStream: Sendable {
    package let head: HTTPResponseHead
    /// Returns the next chunk of the body, of any size, or nil at its end. Called by one task. Errors are
    /// ``HTTPError``.
    package let nextChunk: @Sendable () async throws(HTTPError) -> [UInt8]?
    /// Cancels the transfer. Safe to call at any time, more than once.
    package let cancel: @Sendable () -> Void

    package init(
        head: HTTPResponseHead,
        nextChunk: @escaping @Sendable () async throws(HTTPError) -> [UInt8]?,
        cancel: @escaping @Sendable () -> Void
    ) {
        self.head = head
        self.nextChunk = nextChunk
        self.cancel = cancel
    }
}
