package import Scaling
import WireFormats

extension Explanation {
    /// Returns what would cause the next scaling events, a sentence each; empty before the first decision.
    package static func nextEvents(
        spec: GeneralScalerSpec, generation: Int, status: ScalerStatus, now: Timestamp
    ) -> [String] {
        NextStep(
            spec: spec, isEdited: status.observedGeneration != generation,
            status: StatusView(status.mergePatch["status"] ?? .null), history: status.history, now: now)?.lines ?? []
    }
}
