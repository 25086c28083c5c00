import HTTPTransport
import PluginSDK
import SourceSupport
import Synchronization
import WireFormats

/// The lists of namespaces. All scalers of a namespace share them.
final class NamespaceLists: Sendable {
    private struct Place: Hashable, Sendable {
        let endpoint: APIEndpoint
        let path: String
    }

    private struct ObjectsKey: Hashable, Sendable {
        let place: Place
        let fields: Set<FieldPath>
    }

    private struct ValuesKey: Hashable, Sendable {
        let place: Place
        let query: String
    }

    private let api: APIClient
    private let podLists: KeptLists<Place, [Pod]>
    private let metricLists: KeptLists<Place, [String: PodMetrics]>
    private let objectLists: KeptLists<ObjectsKey, ObjectList>
    private let valueLists: KeptLists<ValuesKey, [MetricValue]>
    /// The fields that the calls for a list need, so that one list has the values for all of them.
    private let fields = Mutex<[Place: Set<FieldPath>]>([:])
    private let nowMicroseconds: @Sendable () -> Int64

    init(
        _ api: APIClient, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        nowMicroseconds: @escaping @Sendable () -> Int64 = WallClock.nowMicroseconds
    ) {
        self.api = api
        self.nowMicroseconds = nowMicroseconds
        podLists = KeptLists(now: now) { $0.count }
        metricLists = KeptLists(now: now) { $0.count }
        objectLists = KeptLists(now: now) { $0.objects.count }
        valueLists = KeptLists(now: now) { $0.count }
    }

    var timeMicroseconds: Int64 { nowMicroseconds() }

    func endpoint(_ config: some KubernetesConfig) throws(PluginError) -> APIEndpoint {
        try APIEndpoint(config.server, files: api.files)
    }

    func pods(
        in namespace: String, _ endpoint: APIEndpoint, deadline: ContinuousClock.Instant
    ) async throws(PluginError) -> [Pod] {
        let place = Place(endpoint: endpoint, path: "/api/v1/namespaces/\(Encoding.percentEncoded(namespace))/pods")
        let reader = ListReader(api: api, endpoint: endpoint, deadline: deadline)
        return try await podLists.value(for: place) { () throws(PluginError) in
            try await reader.items(place.path, .pods) { json throws(PluginError) in try Pod(json) }
        }
    }

    /// Returns the usage of the pods that the metrics API has data of, by name.
    func podMetrics(
        in namespace: String, _ endpoint: APIEndpoint, deadline: ContinuousClock.Instant
    ) async throws(PluginError) -> [String: PodMetrics] {
        let path = "/apis/metrics.k8s.io/v1beta1/namespaces/\(Encoding.percentEncoded(namespace))/pods"
        let place = Place(endpoint: endpoint, path: path)
        let reader = ListReader(api: api, endpoint: endpoint, deadline: deadline)
        return try await metricLists.value(for: place) { () throws(PluginError) in
            let metrics = try await reader.items(path, .podMetrics) { json throws(PluginError) in try PodMetrics(json) }
            return Dictionary(metrics.map { ($0.name, $0) }) { first, _ in first }
        }
    }

    /// Returns the objects at a path, with the values of at least these fields.
    func objects(
        at path: String, _ subject: APISubject, fields needed: Set<FieldPath>, _ endpoint: APIEndpoint,
        deadline: ContinuousClock.Instant
    ) async throws(PluginError) -> ObjectList {
        let place = Place(endpoint: endpoint, path: path)
        let all = fields.withLock { fields in
            if fields.count >= KubernetesLimits.maxLists, fields[place] == nil { fields.removeAll() }
            var all = fields[place, default: []].union(needed)
            if all.count > KubernetesLimits.maxFieldPaths { all = needed }
            fields[place] = all
            return all
        }
        let reader = ListReader(api: api, endpoint: endpoint, deadline: deadline)
        return try await objectLists.value(for: ObjectsKey(place: place, fields: all)) { () throws(PluginError) in
            let objects = try await reader.items(path, subject) { json throws(PluginError) in ListedObject(json, all) }
            return ObjectList(objects: objects, readAtMicroseconds: nowMicroseconds())
        }
    }

    /// Returns a small document, such as that of an API group.
    func document(
        _ path: String, _ subject: APISubject, _ endpoint: APIEndpoint, deadline: ContinuousClock.Instant
    ) async throws(PluginError) -> JSON {
        let answer = try await api.get(path, [], at: endpoint, timeLeft: max(.zero, deadline - .now))
        return try answer.read { response throws(PluginError) in
            guard response.status == 200 else { throw PluginError(response, reading: subject) }
            do throws(JSONSyntaxError) {
                return try JSON(parsing: response.body, limits: KubernetesLimits.status)
            } catch {
                throw .malformed(subject.what, "\(error): \(Quoting.quote(response.body))")
            }
        }
    }

    /// Returns the values that a metrics adapter answers a path and query with.
    func metricValues(
        at path: String, _ query: [(name: String, value: String)], _ subject: APISubject, _ endpoint: APIEndpoint,
        deadline: ContinuousClock.Instant
    ) async throws(PluginError) -> [MetricValue] {
        let key = ValuesKey(place: Place(endpoint: endpoint, path: path), query: Encoding.form(query))
        return try await valueLists.value(for: key) { () throws(PluginError) in
            let answer = try await api.get(path, query, at: endpoint, timeLeft: max(.zero, deadline - .now))
            let now = nowMicroseconds()
            return try answer.read { response throws(PluginError) in
                guard response.status == 200 else { throw PluginError(response, reading: subject) }
                return try MetricValue.list(response.body, of: subject.what, readAt: now)
            }
        }
    }
}

extension APISubject {
    private static let accountAdvice =
        "ask the administrator to set kubernetesPlugin.enabled in the chart's values, or to grant the plugin's account "

    static let pods = APISubject(
        what: "pods", whenForbidden: "For pods, \(accountAdvice)list on pods", whenNotFound: "Check the address")

    static let podMetrics = APISubject(
        what: "pod metrics",
        whenForbidden: "For pod metrics, \(accountAdvice)list on pods of the API group metrics.k8s.io",
        whenNotFound:
            "The cluster has no metrics API: install metrics-server (`kubectl top pods` has to work)",
        whenUnavailable:
            "The metrics API is registered, but does not answer: check metrics-server and "
            + "`kubectl get apiservice v1beta1.metrics.k8s.io`")
}
