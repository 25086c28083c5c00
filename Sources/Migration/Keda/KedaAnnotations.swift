import WireFormats

/// Converts the annotations of KEDA.
enum KedaAnnotations {
    private static let paused = "autoscaling.keda.sh/paused"
    private static let pausedReplicas = "autoscaling.keda.sh/paused-replicas"
    private static let pausedIn = "autoscaling.keda.sh/paused-scale-in"
    private static let pausedOut = "autoscaling.keda.sh/paused-scale-out"
    /// Annotations on the HPA that KEDA creates, which have no meaning without it.
    private static let ownership = [
        "scaledobject.keda.sh/transfer-hpa-ownership", "validations.keda.sh/hpa-ownership",
    ]

    static let handled: Set<String> = Set([paused, pausedReplicas, pausedIn, pausedOut] + ownership)

    private static func value(_ ledger: FieldLedger, _ name: String) -> String? {
        ledger.object.json["metadata"]?["annotations"]?[name].map { $0.stringValue ?? $0.description }
    }

    private static func path(_ name: String) -> String { "metadata.annotations.\(name)" }

    static func convert(_ ledger: FieldLedger, _ draft: inout ScalerDraft) {
        if let text = value(ledger, paused) {
            draft.isPaused = text.lowercased() != "false"
            ledger.converted(path(paused), to: "spec.paused")
        }
        if let replicas = value(ledger, pausedReplicas) {
            draft.isPaused = true
            ledger.different(
                path(pausedReplicas), to: "spec.paused",
                "the replicas are held as they are: set them with kubectl scale --replicas \(Int(replicas) ?? 0)")
        }
        for name in ownership where value(ledger, name) != nil {
            ledger.different(path(name), to: "", "there is no HorizontalPodAutoscaler")
        }
    }

    /// Forbids a direction that an annotation pauses. After the rates of `behavior`, which it replaces.
    static func limit(_ ledger: FieldLedger, _ draft: inout ScalerDraft) {
        for (name, rate) in [(pausedIn, "maxScaleDownRate"), (pausedOut, "maxScaleUpRate")] {
            guard let text = value(ledger, name) else { continue }
            if FieldRule.isTrue(text) {
                draft.safety[rate] = 0
                let meaning =
                    name == pausedIn
                    ? "rate 0 does not prevent the scale to 0 replicas of an idle target"
                    : "rate 0 does not prevent the start from 0"
                ledger.different(path(name), to: "spec.safety.\(rate)", meaning)
            } else {
                ledger.converted(path(name), to: "spec.safety.\(rate)")
            }
        }
    }
}
