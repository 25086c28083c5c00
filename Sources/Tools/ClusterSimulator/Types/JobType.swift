import WireFormats

enum JobType {
    /// Stored only, without a controller: no pods run for a Job, and its status is what clients write.
    static let job = ResourceType(
        group: "batch", version: "v1", kind: "Job", plural: "jobs", singular: "job", listKind: "JobList",
        categories: ["all"], isNamespaced: true,
        schema: S.kind(
            [
                "spec": S.object(
                    [
                        "activeDeadlineSeconds": S.int64, "backoffLimit": S.int32(default: 6, min: 0),
                        "backoffLimitPerIndex": S.int32(min: 0),
                        "completionMode": S.string(default: "NonIndexed", oneOf: ["NonIndexed", "Indexed"]),
                        "completions": S.int32(min: 0), "managedBy": S.string, "manualSelector": S.bool,
                        "maxFailedIndexes": S.int32(min: 0), "parallelism": S.int32(default: 1, min: 0),
                        "podFailurePolicy": S.opaque, "podReplacementPolicy": S.string, "selector": S.selector,
                        "successPolicy": S.opaque, "suspend": S.bool, "template": PodSchemas.template,
                        "ttlSecondsAfterFinished": S.int32(min: 0),
                    ], required: ["template"]),
                "status": S.opaque,
            ], required: ["spec"]),
        hasStatus: true, strategy: strategy, columns: BuiltinColumns.age)

    private static let strategy: Strategy = {
        var strategy = Strategy()
        strategy.countsGenerations = true
        strategy.emptyObject = ["spec": ["template": ["metadata": [:], "spec": ["containers": []]]], "status": [:]]
        strategy.prepare = { object, _ in PodSchemas.prepare(&object, spec: ["spec", "template", "spec"]) }
        return strategy
    }()
}
