import Foundation
import HTTPTransport
import KubernetesClient
import WireFormats

/// Raw requests to the API server, with the warnings in the responses.
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

    /// - Parameter cluster: a simulated one, which does not authenticate users.
    init(_ cluster: TestCluster) throws {
        server = try ClusterConfiguration.kubeconfig(path: cluster.kubeconfig, context: nil, environment: [:]).server
    }

    /// - Parameter token: the user's token; nil for an administrator.
    func send(
        _ method: String, _ path: String, _ body: JSON, _ type: String = "application/json", token: String? = nil
    ) async throws -> Answer {
        let authorization = token.map { [HTTPHeader("Authorization", "Bearer \($0)")] } ?? []
        let answer = try await http.send(
            HTTPRequest(
                method: method, url: server + path, headers: [HTTPHeader("Content-Type", type)] + authorization,
                body: body.encoded(),
                timeout: .seconds(60)))
        let warnings = answer.head.headers.filter { $0.name.lowercased() == "warning" }.map(\.value)
        return Answer(status: answer.status, json: try JSON(parsing: answer.body), warnings: warnings)
    }

    /// Returns the token of a user who may only create GeneralScalers in the namespace.
    func tokenOfWriter(in namespace: String) async throws -> String {
        let core = "/api/v1/namespaces/\(namespace)"
        let group = "rbac.authorization.k8s.io"
        let rights = "/apis/\(group)/v1/namespaces/\(namespace)"
        let metadata: JSON = ["name": "writer"]
        let objects: [(path: String, object: JSON)] = [
            (core + "/serviceaccounts", ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata]),
            (
                rights + "/roles",
                [
                    "apiVersion": .string(group + "/v1"), "kind": "Role", "metadata": metadata,
                    "rules": [
                        [
                            "apiGroups": ["autoscaling.example.com"], "resources": ["generalscalers"],
                            "verbs": ["create"],
                        ]
                    ],
                ]
            ),
            (
                rights + "/rolebindings",
                [
                    "apiVersion": .string(group + "/v1"), "kind": "RoleBinding", "metadata": metadata,
                    "roleRef": ["apiGroup": .string(group), "kind": "Role", "name": "writer"],
                    "subjects": [["kind": "ServiceAccount", "name": "writer", "namespace": .string(namespace)]],
                ]
            ),
        ]
        for (path, object) in objects { _ = try await send("POST", path, object) }
        let answer = try await send(
            "POST", core + "/serviceaccounts/writer/token",
            ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": [:]])
        return answer.json["status"]?["token"]?.stringValue ?? ""
    }

    func shutdown() async { await http.shutdown() }
}
