import CCurl
import Synchronization

/// An ``HTTPClient`` over libcurl's multi interface: one thread drives all transfers.
///
/// Connections are reused, and shared by requests with equal ``TLSOptions``. A complete response uses HTTP/2 if a TLS
/// server offers it, and is decompressed; each stream uses a separate HTTP/1.1 connection.
package final class CurlHTTPClient: HTTPClient {
    package struct Configuration: Sendable {
        package var proxies: ProxyRules
        package var concurrentTransfers: Int
        package var connectionsPerHost: Int
        /// The servers to connect to, unless through a proxy; nil for all.
        package var peers: PeerRule?

        /// Creates a configuration; by default, proxies come from the process's environment.
        package init(
            proxies: ProxyRules = ProxyRules(),
            concurrentTransfers: Int = HTTPLimits.concurrentTransfers,
            connectionsPerHost: Int = HTTPLimits.connectionsPerHost,
            peers: PeerRule? = nil
        ) {
            self.proxies = proxies
            self.concurrentTransfers = concurrentTransfers
            self.connectionsPerHost = connectionsPerHost
            self.peers = peers
        }
    }

    let mailbox: LoopMailbox
    private let thread: LoopThread
    private let lastID = Atomic<UInt64>(0)

    /// Starts the loop's thread. Traps if the process has no descriptors or threads left.
    package init(configuration: Configuration = Configuration()) {
        EasyHandle.initializeLibrary()
        let wakeUp = WakeUp()
        let mailbox = LoopMailbox(wakeUp: wakeUp)
        self.mailbox = mailbox
        thread = LoopThread(name: "http") {
            TransferLoop(configuration: configuration, mailbox: mailbox, wakeUp: wakeUp).run()
        }
    }

    /// Stops the thread of a client that was not shut down. Nothing is in flight here, because every waiting caller and
    /// every stream's reader holds the client.
    deinit { mailbox.stop() }

    /// Fails all transfers in flight with ``HTTPError/Kind/shutDown`` and waits for the loop's thread to end.
    package func shutdown() async {
        mailbox.stop()
        await mailbox.waitUntilStopped()
        thread.join()
    }

    /// Runs the body with a client that is shut down before this returns or throws.
    ///
    /// A program uses its client inside the body, because the exit handlers of libcurl's libraries must not run
    /// concurrently with the loop's thread.
    package static func withClient<Value, Failure: Error>(
        configuration: Configuration = Configuration(), _ body: (CurlHTTPClient) async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let client = CurlHTTPClient(configuration: configuration)
        do throws(Failure) {
            let value = try await body(client)
            await client.shutdown()
            return value
        } catch {
            await client.shutdown()
            throw error
        }
    }

    package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        try await perform(request, id: nextID()) { .whole($0) }
    }

    package func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
        let id = nextID()
        let body = StreamBody()
        let head = try await perform(request, id: id) { .stream($0, body) }
        let reader = StreamReader(id: id, body: body, client: self)
        return HTTPStream(
            head: head,
            nextChunk: { () async throws(HTTPError) in try await reader.next() },
            cancel: { reader.cancel() })
    }

    private func nextID() -> UInt64 {
        lastID.add(1, ordering: .relaxed).newValue
    }

    private func perform<Answer: Sendable>(
        _ request: HTTPRequest,
        id: UInt64,
        receiver: (CheckedContinuation<Result<Answer, HTTPError>, Never>) -> Transfer.Receiver
    ) async throws(HTTPError) -> Answer {
        let deadline = request.timeout.map { ContinuousClock.now + $0 }
        try request.check()
        let url = try URLParts(parsing: request.url)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let transfer = Transfer(
                    id: id, request: request, url: url, deadline: deadline, receiver: receiver(continuation))
                guard mailbox.post(.start(transfer)) else {
                    continuation.resume(returning: .failure(.shutDown(url.authority)))
                    return
                }
                // A cancellation before the start was posted found no transfer to cancel.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
        return try result.get()
    }

    // MARK: For a stream's reader

    fileprivate func cancel(_ id: UInt64) {
        // A stopping loop cancels the transfer itself.
        _ = mailbox.post(.cancel(id))
    }

    fileprivate func resume(_ id: UInt64) {
        _ = mailbox.post(.resume(id))
    }
}

/// The reading end of a stream. Keeps the client alive; its transfer ends with it at the latest.
private final class StreamReader: Sendable {
    private let id: UInt64
    private let body: StreamBody
    private let client: CurlHTTPClient

    init(id: UInt64, body: StreamBody, client: CurlHTTPClient) {
        self.id = id
        self.body = body
        self.client = client
    }

    deinit { cancel() }

    func next() async throws(HTTPError) -> [UInt8]? {
        let result = await withTaskCancellationHandler {
            await body.next { client.resume(id) }
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    func cancel() {
        let wasUnderWay = !body.hasEnded
        body.cancel()
        if wasUnderWay { client.cancel(id) }
    }
}
