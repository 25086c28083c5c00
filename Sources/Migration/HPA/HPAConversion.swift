import ScalerAPI
import WireFormats

/// Converts a HorizontalPodAutoscaler.
struct HPAConversion {
    let ledger: FieldLedger
    let scaler: ScalerContext
    let adapter: AdapterRules
    private var draft = ScalerDraft()

    private var spec: JSON { ledger.object.json["spec"] ?? .null }

    init(_ ledger: FieldLedger, _ scaler: ScalerContext, adapter: AdapterRules) {
        self.ledger = ledger
        self.scaler = scaler
        self.adapter = adapter
    }

    mutating func convert() -> ScalerDraft? {
        draft.metadata = MetadataConversion.convert(ledger, name: scaler.name, handled: [])
        draft.setTarget(ledger)
        convertReplicas()
        for metric in HPAShape.metrics(of: ledger.object) { convert(metric) }
        BehaviorConversion(
            ledger: ledger, path: "spec.behavior", behavior: spec["behavior"],
            idleSeconds: draft.minReplicas == 0 ? Self.idleSeconds : nil
        ).apply(to: &draft)
        if HPAShape.metrics(of: ledger.object).isEmpty { addDefaultMetric() }
        guard !draft.metrics.isEmpty else {
            ledger.note("no metric can be converted: no GeneralScaler is written")
            return nil
        }
        return draft
    }

    /// An HPA with 0 replicas has no cooldown: it follows from its stabilization window.
    private static let idleSeconds = 300
    /// The HPA's default metric.
    private static let defaultUtilization = 80.0

    private mutating func convertReplicas() {
        draft.minReplicas = max(spec["minReplicas"]?.intValue ?? 1, 0)
        draft.maxReplicas = max(spec["maxReplicas"]?.intValue ?? 1, max(draft.minReplicas, 1))
        if spec["minReplicas"] != nil {
            if draft.minReplicas == 0 {
                ledger.different(
                    "spec.minReplicas", to: "spec.minReplicas",
                    "the target goes to 0 when every metric is idle for scaleDownCooldownSeconds; the HPA goes to 0 when the "
                        + "metrics recommend it")
            } else {
                ledger.converted("spec.minReplicas", to: "spec.minReplicas")
            }
        }
        ledger.converted("spec.maxReplicas", to: "spec.maxReplicas")
        scaler.scalesToZero = draft.minReplicas == 0
    }

    private mutating func addDefaultMetric() {
        var metric = MetricDraft()
        metric.name = "cpu"
        metric.type = KubernetesTriggers.resourceType
        metric.set("resource", "cpu")
        metric.targetValue = Self.defaultUtilization
        ResourceMetric.set("Utilization", in: &metric)
        draft.metrics = [metric]
        if spec["metrics"] != nil { ledger.converted("spec.metrics", to: "spec.metrics") }
        ledger.note("the HPA has no metric: its default, 80% of the requested CPU, is written")
    }

    // MARK: Metrics

    private mutating func convert(_ metric: HPAShape.Metric) {
        switch metric.json["type"]?.stringValue {
        case "Resource"?: convertResource(metric, "resource")
        case "ContainerResource"?: convertResource(metric, "containerResource")
        case "Pods"?: convertCustom(metric, "pods")
        case "Object"?: convertCustom(metric, "object")
        case "External"?: convertExternal(metric)
        default: ledger.refuse(metric.path, nearest: "a metric of the type Resource, Pods, Object or External")
        }
    }

    private var place: String { "spec.metrics[\(draft.metrics.count)]" }

    private mutating func convertResource(_ metric: HPAShape.Metric, _ key: String) {
        let source = metric.json[key]
        let name = source?["name"]?.stringValue ?? ""
        guard ["cpu", "memory"].contains(name) else {
            return ledger.refuse(metric.path, nearest: "the type `prometheus` with a query for the resource \(name)")
        }
        var result = MetricDraft()
        result.name = draft.freeName(
            key == "containerResource" ? "\(name)-\(source?["container"]?.stringValue ?? "")" : name)
        result.type = KubernetesTriggers.resourceType
        result.set("resource", .string(name))
        ledger.converted(metric.source("\(key).name"), to: "\(place).config.resource")
        if let container = source?["container"] {
            result.set("container", container)
            ledger.converted(metric.source("\(key).container"), to: "\(place).config.container")
        }
        guard setTarget(&result, metric, key) else { return }
        ResourceMetric.set(source?["target"]?["type"]?.stringValue ?? "", in: &result)
        ledger.converted("\(metric.path).type", to: "\(place).type")
        draft.metrics.append(result)
    }

    /// Sets target and target type; returns false if there is none.
    private mutating func setTarget(_ result: inout MetricDraft, _ metric: HPAShape.Metric, _ key: String) -> Bool {
        let target = metric.json[key]?["target"]
        var type = target?["type"]?.stringValue ?? ""
        let fields = [("averageUtilization", "Utilization"), ("averageValue", "AverageValue"), ("value", "Value")]
        if type.isEmpty { type = fields.first { target?[$0.0] != nil }?.1 ?? "" }
        for (field, kind) in fields where target?[field] != nil {
            guard kind == type else {
                ledger.different(
                    metric.source("\(key).target.\(field)"), to: "", "not used: the target's type is \(type)")
                continue
            }
            let value = target?[field]
            guard let number = value?.doubleValue ?? value?.stringValue.flatMap(Quantity.number), number > 0 else {
                break
            }
            result.targetValue = number
            result.targetType = kind == "AverageValue" ? "AverageValue" : "Value"
            ledger.converted(metric.source("\(key).target.\(field)"), to: "\(place).targetValue")
            if target?["type"] != nil {
                ledger.converted(metric.source("\(key).target.type"), to: "\(place).targetType")
            }
        }
        guard result.targetValue != nil else {
            ledger.refuse(metric.path, nearest: "the metric with a target above 0")
            return false
        }
        return true
    }

    private mutating func convertCustom(_ metric: HPAShape.Metric, _ key: String) {
        let source = metric.json[key]
        let name = source?["metric"]?["name"]?.stringValue ?? ""
        let described = source?["describedObject"]
        let request = AdapterRules.Request(
            metric: name, namespace: scaler.namespace, selector: source?["metric"]?["selector"],
            object: key == "pods"
                ? .pods(workload: spec["scaleTargetRef"]?["name"]?.stringValue ?? "")
                : .object(kind: described?["kind"]?.stringValue ?? "", name: described?["name"]?.stringValue ?? ""))
        guard let query = adapter.query(request) else {
            let selector = source?["metric"]?["selector"]
            let direct =
                key == "pods" ? AdapterMetric.pods(name, selector) : AdapterMetric.object(name, selector, described)
            return addDirect(direct, metric, key, name)
        }
        var result = prometheus(name, query)
        guard setTarget(&result, metric, key) else { return }
        if key == "pods" {
            // The HPA takes the average of the pods.
            result.targetType = "Value"
            result.set("query", .string("avg(\(query))"))
        } else if result.targetType == "AverageValue" {
            result.set("query", .string(Self.sum(query)))
        }
        mark(metric, key, name)
        draft.metrics.append(result)
    }

    private mutating func convertExternal(_ metric: HPAShape.Metric) {
        let source = metric.json["external"]
        let name = source?["metric"]?["name"]?.stringValue ?? ""
        if let result = PubSubMetric.convert(name, source?["metric"]?["selector"]) {
            return add(result.metric, metric, name, project: result.project)
        }
        let request = AdapterRules.Request(
            metric: name, namespace: scaler.namespace, selector: source?["metric"]?["selector"], object: .external)
        guard let query = adapter.query(request) else {
            let direct = AdapterMetric.external(name, source?["metric"]?["selector"])
            return addDirect(direct, metric, "external", name)
        }
        var result = prometheus(name, query)
        guard setTarget(&result, metric, "external") else { return }
        // The HPA adds the values of several series.
        result.set("query", .string(Self.sum(query)))
        mark(metric, "external", name)
        draft.metrics.append(result)
    }

    private mutating func add(_ found: MetricDraft, _ metric: HPAShape.Metric, _ name: String, project: String?) {
        var result = found
        result.name = draft.freeName(found.name)
        guard setTarget(&result, metric, "external") else { return }
        let meaning =
            project == nil
            ? "the project is not in the source: replace `\(PubSubMetric.unknownProject)` in `config.project`" : nil
        ledger.converted("\(metric.path).type", to: "\(place).type")
        for field in ["external.metric.name", "external.metric.selector"] {
            if let meaning {
                ledger.different(metric.source(field), to: "\(place).config", meaning)
            } else {
                ledger.converted(metric.source(field), to: "\(place).config")
            }
        }
        draft.metrics.append(result)
    }

    /// Returns the sum of the series; a query that has only one is its own sum.
    private static func sum(_ query: String) -> String {
        query.hasPrefix("sum(") && !query.contains(" by ") && query.hasSuffix(")") ? query : "sum(\(query))"
    }

    private func prometheus(_ name: String, _ query: String) -> MetricDraft {
        var result = MetricDraft()
        result.name = draft.freeName(name)
        result.type = "prometheus"
        result.set("query", .string(query))
        scaler.needDefault(plugin: "prometheus", field: "address", value: "http://prometheus.monitoring:9090")
        return result
    }

    private func mark(_ metric: HPAShape.Metric, _ key: String, _ name: String) {
        let rule = "by the rule of prometheus-adapter for `\(name)`"
        ledger.converted("\(metric.path).type", to: "\(place).type")
        ledger.different(
            metric.source("\(key).metric.name"), to: "\(place).config.query",
            "\(rule); the address of Prometheus is in plugins.yaml")
        ledger.converted(metric.source("\(key).metric.selector"), to: "\(place).config.query")
        ledger.converted(metric.source("\(key).describedObject"), to: "\(place).config.query")
    }

    /// Adds a metric that is read through the cluster's metrics adapter.
    private mutating func addDirect(_ direct: MetricDraft, _ metric: HPAShape.Metric, _ key: String, _ name: String) {
        var result = direct
        result.name = draft.freeName(name)
        guard setTarget(&result, metric, key) else { return }
        // The value of pods is their average.
        if key == "pods" { result.targetType = "Value" }
        ledger.converted("\(metric.path).type", to: "\(place).type")
        ledger.different(
            metric.source("\(key).metric.name"), to: "\(place).config.metric",
            "read through the metrics adapter, which stays needed; add the rules of prometheus-adapter to the input to query "
                + "Prometheus instead")
        ledger.converted(
            metric.source("\(key).metric.selector"),
            to: "\(place).config.\(key == "external" ? "selector" : "metricSelector")")
        ledger.converted(metric.source("\(key).describedObject"), to: "\(place).config.object")
        draft.metrics.append(result)
    }
}

/// Metrics of Pub/Sub through the adapter for Cloud Monitoring.
enum PubSubMetric {
    private static let metrics = [
        "num_undelivered_messages": "undelivered", "oldest_unacked_message_age": "oldestUnackedAge",
        "backlog_bytes": "backlogBytes",
    ]

    /// Stands for the project that the source does not name.
    static let unknownProject = "project-id"

    /// - Returns: the metric, and the project if the selector names one; nil for another metric.
    static func convert(_ name: String, _ selector: JSON?) -> (metric: MetricDraft, project: String?)? {
        guard name.hasPrefix("pubsub.googleapis.com|subscription|"),
            let metric = name.split(separator: "|").last.flatMap({ metrics[String($0)] }),
            let labels = selector?["matchLabels"]?.objectValue,
            let subscription = labels["resource.labels.subscription_id"]?.stringValue
        else { return nil }
        var result = MetricDraft()
        result.name = subscription
        result.type = "pubsub"
        result.set("subscription", .string(subscription))
        result.set("metric", .string(metric))
        let project = labels["resource.labels.project_id"]?.stringValue
        result.set("project", .string(project ?? unknownProject))
        return (result, project)
    }
}
