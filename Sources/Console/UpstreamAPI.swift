import FoundationEssentials
package import HTTPTransport
package import KubernetesClient
package import Operator
import WireFormats

/// The way to the leader's API.
package protocol UpstreamAPI: Sendable {
    /// Opens a path such as `v1/scalers`, with its query.
    func open(_ path: String) async throws(UpstreamError) -> HTTPStream
    /// Called when an answer showed that the other end is not the leader, or no longer knows the token.
    func reset() async
}

extension UpstreamAPI {
    /// Returns the whole answer to a path.
    ///
    /// - Throws: ``UpstreamError`` or `HTTPError` without an answer, ``UnusableAnswer`` for one that is of no use.
    func json(_ path: String) async throws -> JSON {
        let stream = try await open(path)
        defer { stream.cancel() }
        guard stream.head.status == 200 else {
            await reset()
            throw UnusableAnswer(description: ConsoleServer.meaning(of: stream.head.status))
        }
        var bytes: [UInt8] = []
        while let chunk = try await stream.nextChunk() {
            guard bytes.count + chunk.count <= ConsoleLimits.answerBytes else {
                throw UnusableAnswer(description: "the operator's answer is too large")
            }
            bytes += chunk
        }
        do throws(JSONSyntaxError) {
            return try JSON(
                parsing: bytes, limits: JSONLimits(bytes: ConsoleLimits.answerBytes, nodes: ConsoleLimits.answerNodes))
        } catch {
            throw UnusableAnswer(description: "the operator's answer is malformed: \(error)")
        }
    }
}

/// The reason why an answer of the API is of no use: its status, its size or its text.
struct UnusableAnswer: Error, CustomStringConvertible {
    let description: String
}

/// The reason why the leader's API cannot be reached, with the fix.
package struct UpstreamError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

/// The header that has the token.
private func tokenHeader(_ token: SecretString) -> HTTPHeader { HTTPHeader("X-GeneralScaler-Token", token.revealed) }

/// An API whose address is known.
package struct DirectAPI: UpstreamAPI {
    private let url: String
    private let token: APIToken
    private let http: any HTTPClient

    /// - Parameter url: the API's address, such as `http://127.0.0.1:8090`.
    package init(url: String, token: APIToken, http: any HTTPClient) {
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.token = token
        self.http = http
    }

    package func open(_ path: String) async throws(UpstreamError) -> HTTPStream {
        let secret: SecretString
        do throws(APIToken.Unusable) { secret = try token.read() } catch {
            throw UpstreamError(description: error.description)
        }
        do throws(HTTPError) {
            return try await http.stream(
                HTTPRequest(
                    url: "\(url)/\(path)", headers: [tokenHeader(secret)], timeout: ConsoleLimits.callTime))
        } catch {
            throw UpstreamError(description: "\(url): \(error.message)")
        }
    }

    package func reset() async {}
}

/// The API of the leader's pod, through the API server's proxy.
package actor LeaderAPI: UpstreamAPI {
    private struct Leader {
        let pod: ObjectKey
        let token: SecretString
    }

    private static let secretKind = ResourceKind(group: "", version: "v1", kind: "Secret", plural: "secrets")
    private static let secretMember = "token"

    private let client: KubernetesClient
    private let lease: ObjectKey
    private let secret: ObjectKey
    private let port: Int
    private var leader: Leader?

    /// - Parameters:
    ///   - lease: the Lease that names the leader; its pod is in the same namespace.
    ///   - secret: the Secret with the API's token.
    ///   - port: the API's port in the pod.
    package init(client: KubernetesClient, lease: ObjectKey, secret: ObjectKey, port: Int) {
        self.client = client
        self.lease = lease
        self.secret = secret
        self.port = port
    }

    package func reset() { leader = nil }

    package func open(_ path: String) async throws(UpstreamError) -> HTTPStream {
        do throws(KubernetesError) {
            let leader = try await current()
            return try await client.openPodProxy(
                leader.pod, port: port, path: path, headers: [tokenHeader(leader.token)],
                deadline: ConsoleLimits.callTime)
        } catch {
            leader = nil
            throw UpstreamError(description: error.description)
        }
    }

    private func current() async throws(KubernetesError) -> Leader {
        if let leader { return leader }
        let lease = try await client.lease(lease, deadline: ConsoleLimits.callTime)
        // The identity is the pod's name and a suffix of the process.
        let pod = (lease.holder ?? "").split(separator: "_").first.map(String.init) ?? ""
        guard !pod.isEmpty else {
            throw KubernetesError(.notFound, "the Lease \(lease.key) names no leader; is the operator running?")
        }
        let object = try await client.get(Self.secretKind, secret)
        guard let data = object["data"]?[Self.secretMember]?.stringValue.flatMap({ Data(base64Encoded: $0) }) else {
            throw KubernetesError(.notFound, "the Secret \(secret) has no \(Self.secretMember)")
        }
        let text = String(decoding: data, as: UTF8.self).filter { $0.isASCII && !$0.isWhitespace }
        let leader = Leader(
            pod: ObjectKey(namespace: self.lease.namespace, name: pod), token: SecretString(text))
        self.leader = leader
        return leader
    }
}
