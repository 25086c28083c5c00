import Foundation
import HTTPTransport
import KubernetesClient
import WireFormats

/// Requests to the API server as they are, with the warnings that come beside the answers.
struct RawClient {
    struct Answer {
        let status: Int
        let json: JSON
        /// The texts of the `Warning` headers.
        let warnings: [String]

        var message: String { json["message"]?.stringValue ?? "" }
    }

    private let http = CurlHTTPClient(configuration: .init(proxies: .none))
    private let server: String

    /// - Parameter cluster: a simulated one, which asks nobody who they are.
    init(_ cluster: TestCluster) throws {
        server = try ClusterConfiguration.kubeconfig(path: cluster.kubeconfig, context: nil, environment: [:]).server
    }

    func send(_ method: String, _ path: String, _ body: JSON, _ type: String = "application/json") async throws
        -> Answer
    {
        let answer = try await http.send(
            HTTPRequest(
                method: method, url: server + path, headers: [HTTPHeader("Content-Type", type)], body: body.encoded(),
                timeout: .seconds(60)))
        let warnings = answer.head.headers.filter { $0.name.lowercased() == "warning" }.map(\.value)
        return Answer(status: answer.status, json: try JSON(parsing: answer.body), warnings: warnings)
    }

    func shutdown() async { await http.shutdown() }
}
