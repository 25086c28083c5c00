/// Sends HTTP requests. ``CurlHTTPClient`` is the real one; simulations and tests bring their own.
package protocol HTTPClient: Sendable {
    /// Sends the request and waits for the whole answer. Redirects are answers and are not followed.
    ///
    /// Cancelling the task frees the transfer at once and throws ``HTTPError/Kind/cancelled``.
    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse

    /// Sends the request and returns once the answer's headers are there; the body follows chunk by chunk.
    ///
    /// Reading slowly holds the server back. Dropping or cancelling the stream's reader frees the transfer.
    func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream
}

/// An answer whose body is still arriving.
package struct HTTPStream: Sendable {
    package let head: HTTPResponseHead
    /// The body's bytes as they come, in chunks of any size; read by one task. Nil ends it; errors are ``HTTPError``.
    package let nextChunk: @Sendable () async throws(HTTPError) -> [UInt8]?
    /// Gives the transfer up. Safe to call at any time, more than once.
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
