import ScalerAPI
import Scaling
import Testing
import WireFormats

@Suite("spec.forecast")
struct ForecastParserTests {
    private static func spec(_ forecast: JSON) -> Result<GeneralScalerSpec, InvalidSpec> {
        GeneralScalerSpec.parse(
            [
                "targetDeployment": "app", "maxReplicas": 20,
                "metrics": [
                    ["type": "prometheus", "targetValue": 1], ["type": "redis", "name": "queue", "targetValue": 2],
                    ["type": "prometheus", "name": "input"],
                    ["name": "both", "formula": "input + queue", "targetValue": 3, "targetType": "AverageValue"],
                ],
                "forecast": forecast,
            ], unknownFields: .refused)
    }

    @Test("a forecast is read with every field")
    func everything() throws {
        let forecast = try Self.spec([
            "mode": "Report", "metrics": ["queue", "both"], "horizonSeconds": 317, "historyDays": 9, "quantile": 0.975,
            "maxIncreasePercent": 13,
        ]).get().forecast
        #expect(
            forecast
                == ForecastSpec(
                    mode: .report, metrics: ["queue", "both"], horizon: .seconds(317), historyDays: 9, quantile: 0.975,
                    maxIncrease: 0.13))
    }

    @Test("without fields the defaults apply, and without a forecast there is none")
    func defaults() throws {
        #expect(try Self.spec(["mode": "Active"]).get().forecast == ForecastSpec(mode: .active))
        #expect(try Self.spec(.null).get().forecast == nil)
    }

    @Test(
        "an invalid forecast is rejected with the field",
        arguments: [
            ([:], "spec.forecast.mode"),
            (["mode": "On"], "spec.forecast.mode: must be one of"),
            (["mode": "Active", "horizonSeconds": 14], "spec.forecast.horizonSeconds"),
            (["mode": "Active", "horizonSeconds": 3_601], "spec.forecast.horizonSeconds"),
            (["mode": "Active", "historyDays": 22], "spec.forecast.historyDays"),
            (["mode": "Active", "quantile": 1], "spec.forecast.quantile: must be from 0.5 to 0.999, not 1"),
            (["mode": "Active", "quantile": 0.4999], "spec.forecast.quantile"),
            (["mode": "Active", "maxIncreasePercent": 0], "spec.forecast.maxIncreasePercent"),
            (["mode": "Active", "metrics": []], "spec.forecast.metrics: must name at least one metric"),
            (["mode": "Active", "metrics": ["input"]], "spec.forecast.metrics[0]: \"input\" is not a metric with"),
            (["mode": "Active", "season": 7], "spec.forecast.season: is not a known field"),
            ("Active", "spec.forecast"),
        ] as [(JSON, String)])
    func invalid(forecast: JSON, message: String) {
        guard case .failure(let invalid) = Self.spec(forecast) else {
            Issue.record("accepted")
            return
        }
        #expect(invalid.problems.map(\.description).contains { $0.hasPrefix(message) }, "\(invalid.problems)")
    }
}
