import PluginSDK
import WireFormats

@testable import generalscaler_plugin_kubernetes

extension FuzzTarget {
    /// A quantity, a duration, and a selector, each in the whole input.
    static let kubernetesQuantities = FuzzTarget("kubernetes-quantities") { (input) throws(FuzzFinding) in
        let text = String(decoding: input, as: UTF8.self)
        if let value = Quantity.value(text) {
            try require(value.isFinite, "the value is \(value)")
            // A sign changes the sign only.
            if text.first != "+", text.first != "-", text.utf8.count < Quantity.maxBytes {
                try require(Quantity.value("-" + text) == -value, "-\(text) is not the negative of \(text)")
            }
            try require(value == 0 || !(value.sign == .plus) == (text.first == "-"), "the sign of \(text) is lost")
        }
        if let duration = GoDuration.microseconds(text) { try require(duration >= 0, "the duration is negative") }
        if let selector = try? LabelSelector(parsing: text) { _ = selector.matches(["app": "web", "a/b": ""]) }
        if let selector = try? FieldSelector(parsing: text) { _ = selector.matches([:]) }
    }

    /// The first byte picks what the rest is: a pod, its metrics, or a list of values.
    static let kubernetesAnswers = FuzzTarget("kubernetes-answers") { (input) throws(FuzzFinding) in
        let body = Array(input.dropFirst())
        switch (input.first ?? 0) % 3 {
        case 0:
            guard let json = try? JSON(parsing: body), let pod = try? Pod(json) else { return }
            _ = try? pod.request(of: .cpu, container: nil)
            let measured = MeasuredPod(pod: pod, measurement: .init(timestamp: 0, window: 30_000_000, value: 1))
            _ = PodState(measured, isCPU: true, now: 1_796_001_825_678_901)
        case 1:
            guard let json = try? JSON(parsing: body), let metrics = try? PodMetrics(json) else { return }
            let usage = metrics.usage(of: .memory, container: nil)
            try require(usage.map { !$0.isNaN } ?? true, "the usage is not a number")
        default:
            guard let values = try? MetricValue.list(body, of: "x", readAt: 0) else { return }
            try require(values.allSatisfy { $0.value.isFinite && $0.window >= 0 }, "a value is not finite")
        }
    }
}
