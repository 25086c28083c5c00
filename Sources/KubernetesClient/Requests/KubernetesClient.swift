package import HTTPTransport
package import Logging
import Synchronization
package import SystemIO
import WireFormats

/// A client of one API server.
///
/// Every call has one deadline for all its attempts, obeys Retry-After, and retries reads after server errors. See
/// ``RetryPolicy``. The client has no rate limit: the server applies priority and fairness.
package final class KubernetesClient: Sendable {
    /// An attempt of a call, for metrics.
    package struct Attempt: Sendable, Hashable {
        /// The verb: `get`, `list`, `watch`, `create`, `update`, `patch` or `delete`.
        package let verb: String
        /// The resource, such as `deployments` or `deployments/scale`.
        package let resource: String
        /// The HTTP status; nil if there was no response.
        package let status: Int?
        /// The time to the end of the response; for a watch, to its headers.
        package let duration: Duration
    }

    /// The field manager of writes, as in `metadata.managedFields`.
    package static let fieldManager = "generalscaler"

    package let configuration: ClusterConfiguration
    let time: TimeSource
    let random: @Sendable () -> Double
    let logger: Logger
    let discovery = Mutex(DiscoveryCache())
    private let http: any HTTPClient
    let credentials: CredentialStore
    private let observe: (@Sendable (Attempt) -> Void)?

    /// - Parameters:
    ///   - random: uniform in 0..<1, for jitter.
    ///   - observe: called for each attempt; must return at once.
    package init(
        configuration: ClusterConfiguration,
        http: any HTTPClient,
        time: TimeSource,
        random: @escaping @Sendable () -> Double,
        logger: Logger,
        files: FileReader = .system,
        commands: CommandRunner = .subprocess,
        observe: (@Sendable (Attempt) -> Void)? = nil
    ) {
        self.configuration = configuration
        self.http = http
        self.time = time
        self.random = random
        self.logger = logger
        self.observe = observe
        credentials = CredentialStore(
            source: configuration.credentials, files: files, commands: commands, time: time, logger: logger)
    }

    /// Performs the call and reads the response's JSON.
    func json(_ call: APICall) async throws(KubernetesError) -> JSON {
        let response = try await perform(call)
        do {
            switch try call.reader.read(response.body[...]) {
            case .whole(let object): return object
            case .oversized(let object):
                throw KubernetesError(.tooLarge, "the object \(object)", status: response.status)
            }
        } catch let error as KubernetesError {
            throw error.during(call.description)
        } catch {
            throw KubernetesError(.malformedAnswer, "the answer is not JSON: \(error)", status: response.status)
                .during(call.description)
        }
    }

    /// Performs a list call and reads the response as it arrives.
    ///
    /// - Parameter item: reads the text of one item.
    func page<Item>(
        _ call: APICall, item: (ArraySlice<UInt8>) throws -> Item
    ) async throws(KubernetesError) -> ListPage<Item> {
        try await retrying(call) { request throws(KubernetesError) in
            let stream = try await self.stream(request)
            let status = stream.head.status
            do throws(KubernetesError) {
                guard (200..<300).contains(status) else {
                    throw KubernetesError(head: stream.head, body: await Self.errorBody(of: stream))
                }
                return (try await Self.page(stream, item: item), status)
            } catch {
                stream.cancel()
                throw error
            }
        }
    }

    private static func page<Item>(
        _ stream: HTTPStream, item: (ArraySlice<UInt8>) throws -> Item
    ) async throws(KubernetesError) -> ListPage<Item> {
        var reader = ListReader()
        var items: [Item] = []
        do {
            while let chunk = try await stream.nextChunk() {
                try reader.append(chunk) { items.append(try item($0)) }
            }
            return try ListPage(items: items, metadata: reader.finish())
        } catch let error as HTTPError {
            throw KubernetesError(error)
        } catch {
            throw KubernetesError(
                .malformedAnswer, "the answer is not a list: \(error)", status: stream.head.status)
        }
    }

    /// Performs the call. Throws unless the status is a success.
    func perform(_ call: APICall) async throws(KubernetesError) -> HTTPResponse {
        try await retrying(call) { request throws(KubernetesError) in
            let response = try await self.send(request)
            guard (200..<300).contains(response.status) else {
                throw KubernetesError(head: response.head, body: response.body)
            }
            return (response, response.status)
        }
    }

    /// Performs a call with a streaming response. Throws unless the status is a success.
    func open(_ call: APICall) async throws(KubernetesError) -> HTTPStream {
        try await retrying(call) { request throws(KubernetesError) in
            let stream = try await self.stream(request)
            if (200..<300).contains(stream.head.status) { return (stream, stream.head.status) }
            defer { stream.cancel() }
            throw KubernetesError(head: stream.head, body: await Self.errorBody(of: stream))
        }
    }

    /// Performs a call once, and returns the answer regardless of its status.
    func openOnce(_ call: APICall) async throws(KubernetesError) -> HTTPStream {
        do throws(KubernetesError) {
            return try await stream(
                httpRequest(call, credential: try await credentials.current(), timeout: call.deadline))
        } catch {
            throw error.during(call.description)
        }
    }

    private func retrying<Answer>(
        _ call: APICall,
        attempt: (HTTPRequest) async throws(KubernetesError) -> (Answer, status: Int)
    ) async throws(KubernetesError) -> Answer {
        do throws(KubernetesError) {
            var policy = RetryPolicy(isRead: call.verb.isRead, canRenewCredential: configuration.credentials.canRenew)
            // Not counted in the call's deadline: a credential plugin has its own.
            var credential = try await credentials.current()
            let elapsed = time.stopwatch()
            while true {
                let request = httpRequest(call, credential: credential, timeout: call.deadline - elapsed())
                let started = time.stopwatch()
                do throws(KubernetesError) {
                    let (answer, status) = try await attempt(request)
                    report(call, status: status, duration: started())
                    return answer
                } catch {
                    report(call, status: error.status, duration: started())
                    switch policy.answer(to: error, random: random()) {
                    case .wait(let delay) where elapsed() + delay < call.deadline:
                        try await sleep(delay)
                    case .renewCredential:
                        await credentials.drop(credential)
                        credential = try await credentials.current()
                    case .giveUp, .wait:
                        throw error
                    }
                    guard elapsed() < call.deadline else { throw error }
                }
            }
        } catch {
            throw error.during(call.description)
        }
    }

    private func sleep(_ duration: Duration) async throws(KubernetesError) {
        do {
            try await time.sleep(duration)
        } catch {
            throw KubernetesError(.cancelled, "cancelled while waiting to retry")
        }
    }

    private func report(_ call: APICall, status: Int?, duration: Duration) {
        observe?(Attempt(verb: call.verb.rawValue, resource: call.resource, status: status, duration: duration))
    }

    private func httpRequest(_ call: APICall, credential: Credential, timeout: Duration) -> HTTPRequest {
        let accepted =
            call.wantsMetadataOnly
            ? "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json" : "application/json"
        var headers = [HTTPHeader("Accept", accepted), HTTPHeader("User-Agent", Self.fieldManager)]
        if let authorization = credential.authorization {
            headers.append(HTTPHeader("Authorization", authorization.revealed))
        }
        headers += (configuration.impersonation?.headers ?? []) + call.headers
        if call.body != nil { headers.append(HTTPHeader("Content-Type", call.contentType)) }
        var tls = configuration.tls
        if let certificate = credential.clientCertificate {
            tls.clientCertificate = certificate.chain
            tls.clientKey = certificate.key
        }
        return HTTPRequest(
            method: call.verb.method,
            url: configuration.server + call.target,
            headers: headers,
            body: call.body?.encoded(),
            tls: tls,
            proxy: configuration.proxy?.revealed,
            timeout: timeout,
            boundsWholeStream: call.verb == .list,
            maxBodyBytes: call.maxBodyBytes
        )
    }

    private func send(_ request: HTTPRequest) async throws(KubernetesError) -> HTTPResponse {
        do throws(HTTPError) {
            return try await http.send(request)
        } catch {
            throw KubernetesError(error)
        }
    }

    private func stream(_ request: HTTPRequest) async throws(KubernetesError) -> HTTPStream {
        do throws(HTTPError) {
            return try await http.stream(request)
        } catch {
            throw KubernetesError(error)
        }
    }

    /// Reads an error response as far as it arrives within the limits. The status matters more than the text.
    private static func errorBody(of stream: HTTPStream) async -> [UInt8] {
        var body: [UInt8] = []
        while body.count < KubernetesLimits.objectBytes, let chunk = try? await stream.nextChunk() {
            body += chunk
        }
        return body
    }
}
