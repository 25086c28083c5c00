import ClusterSimulator
import HTTPTransport
import PluginSDK
import SourceSupport
import Synchronization
import WireFormats

@testable import generalscaler_plugin_kubernetes

/// The plugin's HTTP client onto a simulated API server in this process, which enforces roles.
final class SimulatedAPI: HTTPClient {
    /// 2026-11-30T01:23:45.678901Z.
    static let start: Int64 = 1_796_001_825_678_901
    static let namespace = "shop"

    let api: APIServer
    /// The token of the plugin's account, which has the rights that the chart grants.
    let token: String
    private let sent = Mutex<[HTTPRequest]>([])

    /// - Parameter rules: the rights of the plugin's account.
    init(rules: JSON = standardRules) throws {
        let now = SharedTime()
        let uids = Mutex(0)
        var configuration = APIServer.Configuration(
            now: { now.value.withLock(\.self) },
            makeUID: {
                uids.withLock { number in
                    number += 1
                    return "uid-\(number)"
                }
            })
        configuration.token = "admin"
        configuration.workloadStartupDelay = .zero
        configuration.createsPods = true
        api = APIServer(configuration: configuration)
        time = now
        for name in [Self.namespace, "other", "ops"] {
            try api.create(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]])
        }
        try api.create([
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "plugin", "namespace": "ops"],
        ])
        try api.create([
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": ["name": "plugin"],
            "rules": rules,
        ])
        try api.create([
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": ["name": "plugin"],
            "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "plugin"],
            "subjects": [["kind": "ServiceAccount", "name": "plugin", "namespace": "ops"]],
        ])
        let body: JSON = ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": [:]]
        let answer = api.handle(
            APIRequest(
                "POST", "/api/v1/namespaces/ops/serviceaccounts/plugin/token",
                headers: ["authorization": "Bearer admin", "content-type": "application/json"],
                body: body.encoded()))
        token = answer.json?["status"]?["token"]?.stringValue ?? ""
    }

    /// A time that tests set.
    final class SharedTime: Sendable {
        let value = Mutex(SimulatedAPI.start)
    }

    let time: SharedTime

    var timeMicroseconds: Int64 { time.value.withLock(\.self) }

    func advance(by seconds: Int64) { time.value.withLock { $0 += seconds * 1_000_000 } }

    static let standardRules: JSON = [
        ["apiGroups": [""], "resources": ["pods"], "verbs": ["list"]],
        ["apiGroups": ["metrics.k8s.io"], "resources": ["pods"], "verbs": ["list"]],
        ["apiGroups": ["custom.metrics.k8s.io"], "resources": ["*"], "verbs": ["get"]],
        ["apiGroups": ["external.metrics.k8s.io"], "resources": ["*"], "verbs": ["list"]],
    ]

    /// What the plugin sent, oldest first, as path and query.
    var paths: [String] {
        sent.withLock { $0.map { String($0.url.dropFirst("https://api:6443".count)) } }
    }

    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        sent.withLock { $0.append(request) }
        let target = String(request.url.dropFirst("https://api:6443".count))
        var headers: [String: String] = [:]
        for header in request.headers { headers[header.name.lowercased()] = header.value }
        let call = APIRequest(request.method, target, headers: headers)
        let answer = api.admit(call).answer ?? api.handle(call)
        guard case .bytes(let bytes) = answer.body else { throw HTTPError(.invalidRequest, "a watch") }
        return HTTPResponse(
            head: HTTPResponseHead(status: answer.status, headers: [HTTPHeader("content-type", answer.contentType)]),
            body: bytes)
    }

    func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
        let response = try await send(request)
        let body = Mutex<[UInt8]?>(response.body)
        return HTTPStream(head: response.head, nextChunk: { body.withLock { $0.take() } }, cancel: {})
    }

    // MARK: Objects

    /// Creates a Deployment with pods that are ready, each with these requests.
    func deploy(_ name: String = "web", replicas: Int, requests: JSON = ["cpu": "200m", "memory": "64Mi"]) throws {
        try api.create([
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": ["name": .string(name), "namespace": .string(Self.namespace)],
            "spec": [
                "replicas": .integer(Int64(replicas)), "selector": ["matchLabels": ["app": .string(name)]],
                "template": [
                    "metadata": ["labels": ["app": .string(name)]],
                    "spec": ["containers": [["name": "app", "image": "app", "resources": ["requests": requests]]]],
                ],
            ],
        ])
        api.completeWorkloads()
    }

    // MARK: Calls

    /// The lists that the plugin keeps, with a clock that follows the simulated one.
    func lists() -> NamespaceLists {
        let origin = ContinuousClock.now
        return NamespaceLists(
            APIClient(client: self, files: NoFiles()),
            now: { [time] in origin + .microseconds(time.value.withLock(\.self) - Self.start) },
            nowMicroseconds: { [time] in time.value.withLock(\.self) })
    }

    /// Returns a request with the config and what the operator would fill in.
    func request<Config: MetricConfig>(
        _ type: Config.Type = Config.self, _ config: [String: JSON], namespace: String = SimulatedAPI.namespace,
        targetType: TargetType, token: String? = nil
    ) throws -> MetricRequest<Config> {
        let filled: [String: JSON] = [
            "namespace": .string(namespace), "address": "https://api:6443", "token": .string(token ?? self.token),
        ]
        let json = JSON.object(filled.merging(config) { $1 }.filter { !$0.value.isNull })
        return MetricRequest(
            config: try Config(config: JSONReader(json)), targetType: targetType, deadline: .now + .seconds(60))
    }
}

/// A machine without files.
struct NoFiles: FileReader {
    func contents(of path: String) throws(FileError) -> [UInt8] {
        throw FileError(path: path, reason: "No such file or directory")
    }
}

/// Returns the error that a call ends with.
func failure<Value>(_ call: () async throws -> Value) async -> PluginError? {
    do {
        _ = try await call()
        return nil
    } catch {
        return error as? PluginError
    }
}
