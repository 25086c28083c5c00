import Testing
import WireFormats

@testable import Migration

@Suite("migration of a HorizontalPodAutoscaler")
struct HPATests {
    private static let adapter = """
        rules:
          - seriesQuery: 'http_requests_total{namespace!="",pod!=""}'
            resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
            name: {matches: "^(.*)_total$", as: "${1}_per_second"}
            metricsQuery: sum(rate(<<.Series>>{<<.LabelMatchers>>}[2m])) by (<<.GroupBy>>)
        """

    private func migrated(_ spec: String, version: String = "v2", more: String = "") throws -> Migration {
        try Corpus.migrated(
            text: """
                apiVersion: autoscaling/\(version)
                kind: HorizontalPodAutoscaler
                metadata: {name: web, namespace: shop}
                spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 9, \(spec)}
                \(more.isEmpty ? "" : "---\n\(more)")
                """)
    }

    private func metric(_ migration: Migration) -> JSON? { migration.scalers.first?.json["spec"]?["metrics"]?[0] }

    @Test("a percentage of the requests is read per pod, in every version of the HPA")
    func utilization() throws {
        let sources = [
            (
                "v2",
                "metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]"
            ),
            (
                "v2beta2",
                "metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]"
            ),
            ("v2beta1", "metrics: [{type: Resource, resource: {name: cpu, targetAverageUtilization: 70}}]"),
            ("v1", "targetCPUUtilizationPercentage: 70"),
        ]
        for (version, spec) in sources {
            let result = try migrated(spec, version: version)
            #expect(
                metric(result) == [
                    "name": "cpu", "type": "kubernetes-resource",
                    "config": ["resource": "cpu", "measure": "Utilization"],
                    "targetType": "Value", "targetValue": 70,
                ], "\(version)")
            #expect(result.isComplete, "\(version)")
        }
    }

    @Test("metrics that autoscaling/v1 keeps in an annotation are reported as not converted")
    func annotatedMetrics() throws {
        let result = try Corpus.migrated(
            text: """
                apiVersion: autoscaling/v1
                kind: HorizontalPodAutoscaler
                metadata:
                  name: web
                  annotations:
                    autoscaling.alpha.kubernetes.io/metrics: '[{"type":"Resource"}]'
                    autoscaling.alpha.kubernetes.io/conditions: '[]'
                spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 9,
                  targetCPUUtilizationPercentage: 70}
                """)
        #expect(!result.isComplete)
        #expect(result.text.contains("not convertible: metadata.annotations.autoscaling.alpha.kubernetes.io/metrics"))
        #expect(result.text.contains("different: metadata.annotations.autoscaling.alpha.kubernetes.io/conditions"))
    }

    @Test("a metric of pods becomes the query of the adapter's rule, with the average of the pods")
    func adapterRule() throws {
        let spec = """
            metrics: [{type: Pods, pods: {metric: {name: http_requests_per_second, selector: {matchLabels: {verb: GET}}},
              target: {type: AverageValue, averageValue: 1500m}}}]
            """
        let found = try #require(metric(try migrated(spec, more: Self.adapter)))
        let query = #"avg(sum(rate(http_requests_total{namespace="shop",pod=~"web-.*",verb="GET"}[2m])) by (pod))"#
        #expect(found["config"]?["query"]?.stringValue == query)
        #expect(found["targetValue"] == 1.5)
        #expect(found["targetType"] == "Value")
    }

    @Test("without the adapter's rules the metric is read through the adapter")
    func direct() throws {
        let spec = """
            metrics: [{type: Object, object: {metric: {name: rps}, describedObject: {apiVersion: networking.k8s.io/v1,
              kind: Ingress, name: main}, target: {type: Value, value: 2k}}}]
            """
        let found = try #require(metric(try migrated(spec)))
        #expect(found["type"] == "kubernetes-custom")
        #expect(
            found["config"] == [
                "metric": "rps", "object": ["resource": "ingresses.networking.k8s.io", "name": "main"],
            ])
        #expect(found["targetValue"] == 2_000)
    }

    @Test("an HPA that KEDA made is reported with its ScaledObject, and gives no scaler")
    func ownedByKEDA() throws {
        let result = try Corpus.migrated(
            text: """
                apiVersion: autoscaling/v2
                kind: HorizontalPodAutoscaler
                metadata: {name: keda-hpa-a, ownerReferences: [{apiVersion: keda.sh/v1alpha1, kind: ScaledObject, name: a, uid: "1"}]}
                spec: {scaleTargetRef: {kind: Deployment, name: a}, maxReplicas: 2}
                """)
        #expect(result.scalers.isEmpty)
        #expect(result.isComplete)
        #expect(result.objects[0].findings.contains { $0.sentence.contains("ScaledObject a") })
    }

    @Test("the HPA's default scale-up is the default here, and its default scale-down is written")
    func defaultBehavior() throws {
        let result = try migrated("metrics: []")
        #expect(
            result.scalers[0].json["spec"]?["safety"] == ["maxScaleDownRate": "100%", "scaleDownCooldownSeconds": 15])
    }

    @Test("a direction that is disabled has the rate 0")
    func disabled() throws {
        let result = try migrated("behavior: {scaleUp: {selectPolicy: Disabled}, scaleDown: {selectPolicy: Disabled}}")
        let safety = result.scalers[0].json["spec"]?["safety"]
        #expect(safety?["maxScaleUpRate"] == 0)
        #expect(safety?["maxScaleDownRate"] == 0)
    }

    @Test("a metric of Pub/Sub is read by the pubsub plugin")
    func pubsub() throws {
        let spec = """
            metrics: [{type: External, external: {metric: {name: "pubsub.googleapis.com|subscription|num_undelivered_messages",
              selector: {matchLabels: {resource.labels.subscription_id: orders}}}, target: {type: AverageValue, averageValue: "7"}}}]
            """
        let result = try migrated(spec)
        #expect(metric(result)?["type"] == "pubsub")
        #expect(metric(result)?["config"]?["project"] == "project-id")
    }
}
