package import Scaling
package import WireFormats

/// Two autoscalers on the same readings, minute by minute.
package struct ReplayComparison: Sendable {
    /// A stretch of time in which the two have different replicas for the same reason.
    package struct Difference: Sendable, Hashable {
        package let start: Timestamp
        package fileprivate(set) var end: Timestamp
        package fileprivate(set) var ours: ClosedRange<Int>
        package fileprivate(set) var theirs: ClosedRange<Int>
        package let explanation: String
    }

    /// The replicas at the end of a minute.
    package struct Minute: Sendable, Hashable {
        package let time: Timestamp
        package let ours: Int
        package let theirs: Int
    }

    package let minutes: [Minute]
    package let differences: [Difference]

    /// What the model leaves out, for every report.
    package static let limits =
        "Not replayed: pods that are missing or not ready, fallback of KEDA, and changes by other clients."

    private static let minute: Duration = .seconds(60)

    /// - Parameters:
    ///   - ours: the polls of the scaler, in order.
    ///   - theirs: the steps of the other autoscaler, in order.
    package init(
        _ ours: [Decision], _ theirs: [HPAReplay.Step], from start: Timestamp, to end: Timestamp, settings: HPASettings
    ) {
        var minutes: [Minute] = []
        var differences: [Difference] = []
        var our = 0
        var their = 0
        var time = start
        while time <= end, !ours.isEmpty, !theirs.isEmpty {
            let last = time + Self.minute
            while our + 1 < ours.count, ours[our + 1].time < last { our += 1 }
            while their + 1 < theirs.count, theirs[their + 1].time < last { their += 1 }
            let minute = Minute(time: time, ours: ours[our].desired, theirs: theirs[their].replicas)
            minutes.append(minute)
            if minute.ours != minute.theirs {
                let explanation = ReplayExplanation.text(ours[our], theirs[their], settings)
                Self.add(minute, explanation, until: last, to: &differences)
            }
            time = last
        }
        self.minutes = minutes
        self.differences = differences
    }

    private static func add(_ minute: Minute, _ explanation: String, until end: Timestamp, to list: inout [Difference])
    {
        if var last = list.last, last.end == minute.time, last.explanation == explanation {
            last.end = end
            last.ours = min(last.ours.lowerBound, minute.ours)...max(last.ours.upperBound, minute.ours)
            last.theirs = min(last.theirs.lowerBound, minute.theirs)...max(last.theirs.upperBound, minute.theirs)
            list[list.count - 1] = last
            return
        }
        list.append(
            Difference(
                start: minute.time, end: end, ours: minute.ours...minute.ours, theirs: minute.theirs...minute.theirs,
                explanation: explanation))
    }

    package var differing: Int { minutes.count { $0.ours != $0.theirs } }

    package var json: JSON {
        [
            "minutes": .integer(Int64(minutes.count)), "differing": .integer(Int64(differing)),
            "differences": .array(
                differences.map { difference in
                    [
                        "start": .string(difference.start.text), "end": .string(difference.end.text),
                        "generalScaler": Self.json(difference.ours), "hpa": Self.json(difference.theirs),
                        "explanation": .string(difference.explanation),
                    ]
                }),
            "limits": .string(Self.limits),
        ]
    }

    private static func json(_ range: ClosedRange<Int>) -> JSON {
        [.integer(Int64(range.lowerBound)), .integer(Int64(range.upperBound))]
    }
}

/// The reasons for a difference, in words.
enum ReplayExplanation {
    private static let ours: [(Cause, String)] = [
        (
            .cooldown,
            "the scaler waits for its cooldown after the last scaling event, while the HPA may change at every sync"
        ),
        (.toZero, "the scaler has been idle for its scale-down cooldown"),
        (
            .scaleUpRate,
            "the scaler limits each scaling event by its rate, and the HPA's policies allow more in this time"
        ),
        (
            .scaleDownRate,
            "the scaler limits each scaling event by its rate, and the HPA's policies allow more in this time"
        ),
        (.scaleUpStabilized, "the scaler's stabilization window has a lower recommendation, computed at another time"),
        (
            .scaleDownStabilized,
            "the scaler's stabilization window has a higher recommendation, computed at another time"
        ),
        (.noData, "a metric has no data for the scaler, which holds the replicas"),
        (.partialMetrics, "a metric has no data for the scaler, which removes no replicas"),
        (.assumedValue, "a value is assumed, and removes no replicas"),
        (.fallback, "the scaler's fallback applies"),
        (.schedule, "a schedule sets the scaler's bounds, which the HPA's model does not have"),
        (.activation, "the scaler is at 0 and its metrics are not above the activation value, or it has just started"),
        (.notReady, "the scaler waits until more replicas are ready"),
        (.boundsJump, "the replicas were outside of the scaler's bounds"),
    ]

    private static let theirs: [HPAModel.Reason: String] = [
        .rate: "the HPA's policies limit the change in this period",
        .stabilized: "the HPA's stabilization window has another recommendation",
        .noData: "a metric has no value for the HPA, which removes no replicas",
        .disabled: "the target is at 0, where the HPA does nothing",
        .activation:
            "KEDA starts with the minimum, or stops after its cooldown; the scaler starts with what the metrics need",
        .bounds: "the HPA's bounds differ at 0 replicas",
    ]

    static func text(_ decision: Decision, _ step: HPAReplay.Step, _ settings: HPASettings) -> String {
        if let found = ours.first(where: { decision.limitedBy.contains($0.0) }) { return found.1 }
        if let found = theirs[step.reason] { return found }
        return "the two read at different times, and follow from different replicas"
    }
}
