import PluginSDK
import SourceSupport

@testable import generalscaler_plugin_keda

extension FuzzTarget {
    /// The answers of an external scaler, up to the reading.
    static let externalScalerAnswers = FuzzTarget("external-scaler-answers") { (input) throws(FuzzFinding) in
        _ = try? IsActiveResponse(input[...])
        let targets = try? GetMetricSpecResponse(input[...])
        let values = try? GetMetricsResponse(input[...])
        // Both messages have the same fields.
        try require((targets == nil) == (values == nil), "one of two equal messages is malformed")
        for target in targets?.metrics ?? [] {
            let share = Result { () throws(PluginError) in
                try TargetShare(of: target, in: values?.values ?? [], at: HostPort(host: "scaler.shop", port: 9_090))
            }
            switch share {
            case .success(let share):
                try require(share.share.isFinite && share.target > 0, "a share of \(share.share)")
            case .failure(let error):
                // The name is quoted as it is, so that a secret in it can be found.
                try requireShort(error.message, "the error", FuzzLimits.errorBytes + FuzzLimits.inputBytes)
            }
        }
    }
}
