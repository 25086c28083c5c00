import WireFormats

/// Requests to the metrics APIs. Their servers support reads only, and no watches.
extension ServerState {
    func respondToMetrics(_ request: APIRequest, _ info: RequestInfo) throws(StatusError) -> APIResponse {
        guard let form = Presentation.negotiate(accept: request.headers["accept"], isCollection: info.verb == "list"),
            form.presentation == .whole
        else { throw .notAcceptable() }
        guard ["get", "list"].contains(info.verb) else { throw .methodNotAllowed() }
        return switch info.group {
        case MetricsAPIs.resourceGroup: try resourceMetrics(request, info)
        case MetricsAPIs.customGroup: try customMetrics(request, info)
        default: try externalMetrics(request, info)
        }
    }

    private static let pods = GroupResource(group: "", resource: "pods")

    private func labels(_ request: APIRequest, _ parameter: String) throws(StatusError) -> LabelSelector {
        guard let text = request.parameter(parameter) else { return .everything }
        return try LabelSelector(parsing: text)
    }

    // MARK: metrics.k8s.io

    private func resourceMetrics(_ request: APIRequest, _ info: RequestInfo) throws(StatusError) -> APIResponse {
        guard info.resource == "pods", info.subresource == nil else {
            throw .notFound(ErrorSubject(name: info.name, group: info.group, kind: info.resource))
        }
        // Only running pods have metrics.
        let running = store.table(Self.pods).objects(in: info.namespace)
            .filter { $0.json.string("status", "phase") == "Running" }
        let usages = Dictionary(grouping: running, by: \.key.namespace).mapValues { pods in
            metrics.usage?(pods.map(\.json)) ?? annotatedUsage(pods.map(\.json))
        }
        func item(_ pod: ObjectVersion) -> JSON? {
            usages[pod.key.namespace]?[pod.key.name].map { self.item(pod.json, $0) }
        }
        if let name = info.name {
            guard let pod = running.first(where: { $0.key.name == name }), let item = item(pod) else {
                throw .notFound(
                    ErrorSubject(name: "\(info.namespace)/\(name)", group: info.group, kind: "podmetrics"))
            }
            return APIResponse(200, json: item)
        }
        let selector = try labels(request, "labelSelector")
        let items = running.filter { selector.matches($0.labels) }.compactMap(item)
        return APIResponse(
            200,
            json: [
                "kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": [:],
                "items": .array(items),
            ])
    }

    private func annotatedUsage(_ pods: [JSON]) -> [String: PodUsage] {
        let groups = Dictionary(grouping: pods) { $0[at: "metadata", "ownerReferences"]?[0] ?? .null }
        return groups.reduce(into: [:]) { usages, group in
            let kind = group.key.string("kind") == "StatefulSet" ? "statefulsets" : "deployments"
            let key = ObjectKey(namespace: group.value[0].namespace, name: group.key.string("name") ?? "")
            let workload = store.object(GroupResource(group: "apps", resource: kind), key)?.json ?? .null
            let usage = AnnotatedUsage(workload, pods: group.value.count)
            for pod in group.value { usages[pod.name] = usage.ofPod(pod) }
        }
    }

    private func item(_ pod: JSON, _ usage: PodUsage) -> JSON {
        let (seconds, attoseconds) = usage.age.components
        let time = now - seconds * 1_000_000 - attoseconds / 1_000_000_000_000
        var metadata: JSON = [
            "name": .string(pod.name), "namespace": .string(pod.namespace), "creationTimestamp": .string(timestamp),
        ]
        if let labels = pod[at: "metadata", "labels"] { metadata.set(labels, at: "labels") }
        return [
            "kind": "PodMetrics", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": metadata,
            "timestamp": .string(RFC3339.text(microseconds: time, precision: .seconds)),
            "window": .string(usage.window),
            "containers": .array(
                usage.containers.sorted { $0.key < $1.key }.map { name, amounts in
                    ["name": .string(name), "usage": .object(amounts.mapValues(JSON.string))]
                }),
        ]
    }

    // MARK: custom.metrics.k8s.io

    private func customMetrics(_ request: APIRequest, _ info: RequestInfo) throws(StatusError) -> APIResponse {
        let values = metrics.custom ?? [:]
        // `namespaces/shop/metrics/x` is a metric of the namespace itself.
        let isNamespace = info.resource == "metrics" && info.subresource == nil
        let resource = isNamespace ? "namespaces" : info.resource
        guard let metric = isNamespace ? info.name : info.subresource, !metric.contains("/") else {
            throw .notFound(ErrorSubject(name: info.name, group: info.group, kind: info.resource))
        }
        let ofResource = values.filter { $0.key.resource == resource && $0.key.metric == metric }
        let found: [(key: MetricsAPIs.CustomKey, value: String)]
        if info.name == "*" {
            guard !ofResource.isEmpty else { throw Self.noMetric(metric, "\(resource)") }
            let selector = try labels(request, "labelSelector")
            found = ofResource.filter { entry in
                entry.key.key.namespace == info.namespace
                    && (store.object(GroupResource(group: "", resource: resource), entry.key.key)).map {
                        selector.matches($0.labels)
                    } ?? false
            }.sorted { $0.key.key < $1.key.key }
        } else {
            let name = isNamespace ? info.namespace : info.name ?? ""
            let key = MetricsAPIs.CustomKey(
                resource: resource, key: ObjectKey(namespace: info.namespace, name: name), metric: metric)
            guard let value = ofResource[key] else { throw Self.noMetric(metric, "\(resource) \(name)") }
            found = [(key, value)]
        }
        _ = try labels(request, "metricLabelSelector")
        let items = found.map { item($0.key, $0.value, version: info.version) }
        return APIResponse(
            200,
            json: [
                "kind": "MetricValueList", "apiVersion": .string("custom.metrics.k8s.io/\(info.version)"),
                "metadata": [:], "items": .array(items),
            ])
    }

    private func item(_ key: MetricsAPIs.CustomKey, _ value: String, version: String) -> JSON {
        var item: JSON = [
            "describedObject": [
                "kind": .string(key.resource == "pods" ? "Pod" : key.resource), "namespace": .string(key.key.namespace),
                "name": .string(key.key.name), "apiVersion": "/v1",
            ],
            "timestamp": .string(timestamp), "value": .string(value),
        ]
        if version == "v1beta1" {
            item.set(.string(key.metric), at: "metricName")
            item.set(.null, at: "selector")
        } else {
            item.set(["name": .string(key.metric), "selector": .null], at: "metric")
        }
        return item
    }

    // MARK: external.metrics.k8s.io

    private func externalMetrics(_ request: APIRequest, _ info: RequestInfo) throws(StatusError) -> APIResponse {
        guard info.name == nil, !info.namespace.isEmpty else {
            throw .notFound(ErrorSubject(name: info.name, group: info.group, kind: info.resource))
        }
        let key = MetricsAPIs.ExternalKey(namespace: info.namespace, metric: info.resource)
        guard let series = metrics.external?[key] else { throw Self.noMetric(info.resource, "") }
        let selector = try labels(request, "labelSelector")
        let items = series.filter { selector.matches($0.labels) }.map { series -> JSON in
            [
                "metricName": .string(info.resource), "metricLabels": .object(series.labels.mapValues(JSON.string)),
                "timestamp": .string(timestamp), "value": .string(series.value),
            ]
        }
        return APIResponse(
            200,
            json: [
                "kind": "ExternalMetricValueList", "apiVersion": "external.metrics.k8s.io/v1beta1", "metadata": [:],
                "items": .array(items),
            ])
    }

    private static func noMetric(_ metric: String, _ what: String) -> StatusError {
        StatusError(
            404, "NotFound", "the server could not find the metric \(metric) for \(what)", details: [:])
    }
}

extension MetricsAPIs {
    /// Answers the discovery of the groups' resources.
    ///
    /// - Returns: nil if the path is not one of these groups.
    func discovery(_ path: String) -> APIResponse? {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.first == "apis", parts.count == 2 || parts.count == 3, let served = versions[parts[1]] else {
            return nil
        }
        if parts.count == 2 {
            var group = Self.group(parts[1], served)
            group.set("APIGroup", at: "kind")
            group.set("v1", at: "apiVersion")
            return APIResponse(200, json: group)
        }
        guard served.contains(parts[2]) else { return nil }
        return APIResponse(
            200,
            json: [
                "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string("\(parts[1])/\(parts[2])"),
                "resources": .array(resources(parts[1])),
            ])
    }

    /// The entries of the list of groups.
    var groups: [JSON] { versions.sorted { $0.key < $1.key }.map { Self.group($0.key, $0.value) } }

    private static func group(_ name: String, _ versions: [String]) -> JSON {
        let list = versions.map { version -> JSON in
            ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
        }
        return ["name": .string(name), "versions": .array(list), "preferredVersion": list.first ?? .null]
    }

    private func resources(_ group: String) -> [JSON] {
        func resource(_ name: String, _ kind: String, _ verbs: [JSON]) -> JSON {
            [
                "name": .string(name), "singularName": "", "namespaced": true, "kind": .string(kind),
                "verbs": .array(verbs),
            ]
        }
        switch group {
        case Self.resourceGroup: return [resource("pods", "PodMetrics", ["get", "list"])]
        case Self.customGroup:
            return Set((custom ?? [:]).keys.map { "\($0.resource)/\($0.metric)" }).sorted()
                .map { resource($0, "MetricValueList", ["get"]) }
        default:
            return Set((external ?? [:]).keys.map(\.metric)).sorted()
                .map { resource($0, "ExternalMetricValueList", ["get"]) }
        }
    }
}
