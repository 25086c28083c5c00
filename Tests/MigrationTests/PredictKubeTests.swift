import Testing
import WireFormats

@testable import Migration

@Suite("migration of predictkube triggers")
struct PredictKubeTests {
    private func migrated(_ triggers: String, fields: String = "minReplicaCount: 1", more: String = "") throws
        -> Migration
    {
        try Corpus.migrated(
            text: """
                apiVersion: keda.sh/v1alpha1
                kind: ScaledObject
                metadata: {name: web, namespace: shop}
                spec:
                  scaleTargetRef: {name: web}
                  \(fields)
                  triggers: [\(triggers)]
                \(more)
                """)
    }

    private func trigger(_ horizon: String, _ history: String, name: String = "load", more: String = "") -> String {
        """
        {type: predictkube, name: \(name), \(more)metadata: {prometheusAddress: "http://prom:9090", query: up,
        queryStep: 2m, threshold: "100.5", activationThreshold: "50.1", predictHorizon: "\(horizon)",
        historyTimeWindow: "\(history)"}}
        """
    }

    private func outcome(_ migration: Migration, _ path: String) -> FieldOutcome? {
        migration.objects.first?.findings.first { $0.path == path }?.outcome
    }

    @Test("a predictkube trigger becomes a prometheus metric and an active forecast, and its key is not needed")
    func trigger() throws {
        let result = try migrated(
            trigger("15m", "14d", more: "authenticationRef: {name: predictkube}, "),
            more: """
                ---
                apiVersion: keda.sh/v1alpha1
                kind: TriggerAuthentication
                metadata: {name: predictkube, namespace: shop}
                spec: {secretTargetRef: [{parameter: apiKey, name: predictkube, key: key}]}
                """)
        let spec = try #require(result.scalers.first?.json["spec"])
        #expect(spec["forecast"] == ["mode": "Active", "horizonSeconds": 900, "historyDays": 14])
        #expect(
            spec["metrics"] == [
                [
                    "name": "load", "type": "prometheus", "config": ["address": "http://prom:9090", "query": "up"],
                    "targetValue": 100.5, "targetType": "AverageValue", "activationValue": 50.1,
                ]
            ])
        #expect(result.isComplete)
        #expect(result.secrets.isEmpty)
        guard case .different(_, let meaning)? = result.objects.last?.findings.last?.outcome else {
            Issue.record("\(result.text)")
            return
        }
        #expect(meaning.hasPrefix("no API key is needed"))
    }

    @Test(
        "durations of PredictKube become seconds and days within the limits of a forecast",
        arguments: [
            ("2h", "7d", 3_600, 7, false), ("90s", "1w1d", 90, 8, true), ("0.5h", "36h", 1_800, 2, true),
            ("1.5s", "30d", 15, 21, false), ("90500ms", "90s", 91, 1, false), (" 1m30s ", "1w", 90, 7, true),
        ])
    func durations(_ horizon: String, _ history: String, _ seconds: Int64, _ days: Int64, _ isExact: Bool) throws {
        let result = try migrated(trigger(horizon, history))
        let forecast = result.scalers[0].json["spec"]?["forecast"]
        #expect(forecast?["horizonSeconds"] == .integer(seconds))
        #expect(forecast?["historyDays"] == .integer(days))
        let outcome = outcome(result, "spec.triggers[0].metadata.predictHorizon")
        #expect((outcome == .converted(to: ForecastConversion.horizonPlace)) == isExact)
    }

    @Test(
        "a duration without a valid value is reported, and the forecast uses its default",
        arguments: ["7200", "soon", "-1h", "0s", "1y"])
    func invalidDurations(_ text: String) throws {
        let result = try migrated(trigger(text, text))
        #expect(result.scalers[0].json["spec"]?["forecast"] == ["mode": "Active"])
        for field in ["predictHorizon", "historyTimeWindow"] {
            guard case .notConvertible(let nearest)? = outcome(result, "spec.triggers[0].metadata.\(field)") else {
                Issue.record("\(field) is not reported")
                continue
            }
            #expect(nearest.contains("spec.forecast."))
        }
    }

    @Test("an empty duration counts as absent")
    func emptyDurations() throws {
        let result = try migrated(trigger("", ""))
        #expect(result.scalers[0].json["spec"]?["forecast"] == ["mode": "Active"])
        #expect(result.isComplete)
    }

    @Test("several triggers share one forecast of their metrics, with the longest horizon and history")
    func severalTriggers() throws {
        let other = #"{type: prometheus, metadata: {serverAddress: "http://prom:9090", query: x, threshold: "1"}}"#
        let result = try migrated("\(trigger("5m", "2w")), \(other), \(trigger("10m", "8d", name: "later"))")
        #expect(
            result.scalers[0].json["spec"]?["forecast"] == [
                "mode": "Active", "horizonSeconds": 600, "historyDays": 14, "metrics": ["load", "later"],
            ])
        for path in ["spec.triggers[0].metadata.predictHorizon", "spec.triggers[2].metadata.historyTimeWindow"] {
            guard case .different(_, let meaning)? = outcome(result, path) else {
                Issue.record("\(path) is not reported as different")
                continue
            }
            #expect(meaning.contains("longest"))
        }
    }

    @Test("a trigger without a threshold makes no forecast")
    func withoutThreshold() throws {
        let other = #"{type: prometheus, metadata: {serverAddress: "http://prom:9090", query: x, threshold: "1"}}"#
        let result = try migrated(
            #"{type: predictkube, metadata: {prometheusAddress: "http://prom:9090", query: a, predictHorizon: 1h}}, "#
                + other)
        let spec = result.scalers[0].json["spec"]
        #expect(spec?["forecast"] == nil)
        #expect(spec?["metrics"]?.arrayValue?.count == 1)
        #expect(!result.isComplete)
    }

    @Test("with a formula, the forecast is of the formula")
    func formula() throws {
        let result = try migrated(
            trigger("5m", "14d"),
            fields: #"advanced: {scalingModifiers: {formula: "load * 2", target: "10"}}"#)
        #expect(
            result.scalers[0].json["spec"]?["forecast"] == ["mode": "Active", "horizonSeconds": 300, "historyDays": 14])
        #expect(result.objects[0].notes.contains { $0.contains("formula") && $0.contains("two days") })
    }
}
