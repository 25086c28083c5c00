import PluginSDK
import SourceSupport
import WireFormats

/// The selector of the target's pods.
struct PodSelection {
    let text: String
    let selector: LabelSelector

    /// - Throws: an error if the operator does not know the selector, or it is not understood.
    init(_ text: String?) throws(PluginError) {
        guard let text else {
            throw PluginError(
                .notFound,
                "the selector of the target's pods is not known: the target must exist and have one in spec.selector, or in "
                    + "status.selector of its subresource scale")
        }
        self.text = text
        do throws(ConfigFault) {
            selector = try LabelSelector(parsing: text)
        } catch {
            throw PluginError(.configInvalid, "the target's selector \(error.message)")
        }
    }
}

/// The average over pods as a reading.
struct PodReading {
    private let pods: [(measured: MeasuredPod, state: PodState)]

    /// - Throws: `no_data` if there are no pods.
    init(_ pods: [MeasuredPod], isCPU: Bool, now: Int64) throws(PluginError) {
        guard !pods.isEmpty else {
            throw PluginError(.noData, "the target has no pods: another metric has to start the first one")
        }
        self.pods = pods.map { ($0, PodState($0, isCPU: isCPU, now: now)) }
    }

    /// - Parameter request: returns what a pod requests; 1 for a measure without requests.
    func reading(
        measure: PodAverage.Measure, target: Double?, unit: String?,
        request: (Pod) throws(PluginError) -> Double
    ) throws(PluginError) -> MetricReading {
        var averaged: [PodAverage.Pod] = []
        for (measured, state) in pods where state != .ignored {
            averaged.append(
                PodAverage.Pod(
                    state: state, value: state == .counted ? measured.measurement?.value ?? 0 : 0,
                    request: try request(measured.pod), isReady: measured.pod.isReady))
        }
        let times = pods.filter { $0.state == .counted }.compactMap(\.measured.measurement?.timestamp)
        guard let oldest = times.min() else { throw PluginError(.noData, "no pod has a value yet: \(summary)") }
        guard let outcome = PodAverage(measure: measure, target: target).outcome(averaged) else {
            throw PluginError(
                .configInvalid,
                "the pods request 0, so that there is no percentage: set requests, or measure: AverageValue",
                path: "measure")
        }
        guard outcome.average.isFinite else {
            throw PluginError(.sourceUnreachable, "the values together exceed the largest number")
        }
        let held = outcome.isHeld ? "; held at the target, because the others could outweigh them" : ""
        return MetricReading(
            value: outcome.average, unit: unit, observedAtMicroseconds: oldest, detail: summary + held)
    }

    /// The pods by state, such as `3 of 5 pods count, 1 not ready, 1 without a value`.
    private var summary: String {
        func count(_ state: PodState) -> Int { pods.count { $0.state == state } }
        let present = pods.count - count(.ignored)
        var parts = ["\(count(.counted)) of \(present) pods count"]
        if count(.unready) > 0 { parts.append("\(count(.unready)) not ready or starting") }
        if count(.missing) > 0 { parts.append("\(count(.missing)) without a value") }
        return parts.joined(separator: ", ")
    }
}
