import ScalerAPI
import WireFormats

/// What a trigger of the type `predictkube` asks of the scaler's forecast.
struct ForecastRequest {
    let trigger: TriggerConversion
    /// The name of the trigger's metric.
    var metric = ""
    /// Above 0; nil if the trigger has no valid value.
    var horizonSeconds: Double?
    /// Above 0; nil if the trigger has no valid value.
    var historySeconds: Double?

    init(_ trigger: TriggerConversion) { self.trigger = trigger }
}

/// Converts the forecasts of triggers to the one `spec.forecast` of the scaler.
struct ForecastConversion {
    static let horizonPlace = "spec.forecast.horizonSeconds"
    static let historyPlace = "spec.forecast.historyDays"
    private static let secondsPerDay = 86_400.0
    /// A weekly pattern needs more days of history than a week has.
    private static let daysOfWeek = 7

    let ledger: FieldLedger
    let requests: [ForecastRequest]

    /// Sets the forecast of the scaler, and records what differs from the triggers.
    func apply(to draft: inout ScalerDraft) {
        let targets = draft.metrics.filter { $0.formula != nil || !draft.hasFormula }.map(\.name)
        // A formula that cannot be translated removes the metrics without a target.
        let kept = requests.filter { request in draft.metrics.contains { $0.name == request.metric } }
        guard !kept.isEmpty else { return }
        draft.forecast["mode"] = "Active"
        let names = kept.map(\.metric)
        if !draft.hasFormula, names.count < targets.count {
            draft.forecast["metrics"] = .array(names.map { .string($0) })
        }
        setHorizon(kept, &draft)
        setHistory(kept, &draft)
        for request in kept { markType(request, draft) }
    }

    private func markType(_ request: ForecastRequest, _ draft: ScalerDraft) {
        let path = request.trigger.path
        let subject = draft.hasFormula ? "the forecast is of the formula, and" : "the forecast"
        ledger.different(
            "\(path).type", to: "\(request.trigger.place).type, spec.forecast.mode",
            "\(subject) is computed in the operator, and adds replicas only while its errors are smaller than those of "
                + "simple rules: `generalscaler explain` shows it, also in dry run")
        let metric = draft.metrics.first { $0.name == request.metric }
        guard draft.hasFormula || metric?.targetType == "Value" else { return }
        ledger.note(
            "\(path): the forecast of \(draft.hasFormula ? "a formula" : "a metric with `targetType: Value`") has no "
                + "history at first, and needs two days")
    }

    private func setHorizon(_ requests: [ForecastRequest], _ draft: inout ScalerDraft) {
        let wanted = requests.compactMap(\.horizonSeconds)
        guard let longest = wanted.max() else { return }
        let limits = GeneralScalerSpec.Limits.horizonSeconds
        let seconds = Self.whole(longest, in: limits)
        draft.forecast["horizonSeconds"] = .integer(Int64(seconds))
        for request in requests {
            guard let own = request.horizonSeconds, own != Double(seconds) else { continue }
            request.trigger.mark(
                PredictKubeTriggers.horizonField,
                .different(
                    to: Self.horizonPlace,
                    meaning: Self.meaning(own, longest, "whole seconds", limits)
                        + "; without `horizonSeconds`, the time until a new replica is ready is measured and used"))
        }
    }

    private func setHistory(_ requests: [ForecastRequest], _ draft: inout ScalerDraft) {
        let wanted = requests.compactMap(\.historySeconds)
        guard let longest = wanted.max() else { return }
        let limits = GeneralScalerSpec.Limits.historyDays
        let days = Self.whole(longest / Self.secondsPerDay, in: limits)
        draft.forecast["historyDays"] = .integer(Int64(days))
        if days <= Self.daysOfWeek {
            ledger.note("`historyDays: \(days)`: a weekly pattern needs 8 or more")
        }
        for request in requests {
            guard let own = request.historySeconds, own != Double(days) * Self.secondsPerDay else { continue }
            request.trigger.mark(
                PredictKubeTriggers.historyField,
                .different(
                    to: Self.historyPlace,
                    meaning: Self.meaning(own, longest, "whole days", limits)))
        }
    }

    /// Rounds up to a whole number within limits.
    private static func whole(_ number: Double, in limits: ClosedRange<Int>) -> Int {
        Int(min(max(number.rounded(.up), Double(limits.lowerBound)), Double(limits.upperBound)))
    }

    private static func meaning(_ own: Double, _ longest: Double, _ unit: String, _ limits: ClosedRange<Int>) -> String
    {
        own < longest
            ? "a scaler has one forecast: the longest of the triggers is used"
            : "rounded up to \(unit), and limited to \(limits.lowerBound) to \(limits.upperBound)"
    }
}
