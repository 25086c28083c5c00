import WireFormats

/// Deployments, stateful sets and replica sets.
enum WorkloadTypes {
    static let all = [deployment, statefulSet, replicaSet]

    private static let scale = ScalePaths(
        specReplicas: ["spec", "replicas"], statusReplicas: ["status", "replicas"],
        selector: .labelSelector(["spec", "selector"]))

    private static let deployment = ResourceType(
        group: "apps", version: "v1", kind: "Deployment", plural: "deployments", singular: "deployment",
        listKind: "DeploymentList", shortNames: ["deploy"], categories: ["all"], isNamespaced: true,
        schema: S.kind(
            [
                "spec": S.object(
                    [
                        "minReadySeconds": S.int32(min: 0), "paused": S.bool,
                        "progressDeadlineSeconds": S.int32(default: 600, min: 0),
                        "replicas": S.int32(default: 1, min: 0),
                        "revisionHistoryLimit": S.int32(default: 10, min: 0), "selector": S.selector,
                        "strategy": S.object([
                            "type": S.string(oneOf: ["RollingUpdate", "Recreate"]),
                            "rollingUpdate": S.object(["maxSurge": S.intOrString, "maxUnavailable": S.intOrString]),
                        ]),
                        "template": PodSchemas.template,
                    ], required: ["selector", "template"]),
                "status": S.object([
                    "availableReplicas": S.int32, "collisionCount": S.int32, "conditions": S.conditions,
                    "observedGeneration": S.int64, "readyReplicas": S.int32, "replicas": S.int32,
                    "terminatingReplicas": S.int32, "unavailableReplicas": S.int32, "updatedReplicas": S.int32,
                ]),
            ], required: ["spec"]),
        hasStatus: true, scale: scale,
        strategy: strategy(annotationsCount: true) { object, _ in
            object.setDefault("RollingUpdate", at: "spec", "strategy", "type")
            if object.string("spec", "strategy", "type") == "RollingUpdate" {
                object.setDefault("25%", at: "spec", "strategy", "rollingUpdate", "maxUnavailable")
                object.setDefault("25%", at: "spec", "strategy", "rollingUpdate", "maxSurge")
            }
        },
        columns: BuiltinColumns.deployment)

    private static let statefulSet = ResourceType(
        group: "apps", version: "v1", kind: "StatefulSet", plural: "statefulsets", singular: "statefulset",
        listKind: "StatefulSetList", shortNames: ["sts"], categories: ["all"], isNamespaced: true,
        schema: S.kind(
            [
                "spec": S.object(
                    [
                        "minReadySeconds": S.int32(min: 0), "ordinals": S.opaque,
                        "persistentVolumeClaimRetentionPolicy": S.opaque,
                        "podManagementPolicy": S.string(
                            default: "OrderedReady", oneOf: ["OrderedReady", "Parallel"]),
                        "replicas": S.int32(default: 1, min: 0),
                        "revisionHistoryLimit": S.int32(default: 10, min: 0), "selector": S.selector,
                        "serviceName": S.string, "template": PodSchemas.template,
                        "updateStrategy": S.object([
                            "type": S.string(oneOf: ["RollingUpdate", "OnDelete"]),
                            "rollingUpdate": S.object(["partition": S.int32, "maxUnavailable": S.intOrString]),
                        ]),
                        "volumeClaimTemplates": S.opaqueList,
                    ], required: ["selector", "template"]),
                "status": S.object([
                    "availableReplicas": S.int32, "collisionCount": S.int32, "conditions": S.conditions,
                    "currentReplicas": S.int32, "currentRevision": S.string, "observedGeneration": S.int64,
                    "readyReplicas": S.int32, "replicas": S.int32, "updateRevision": S.string,
                    "updatedReplicas": S.int32,
                ]),
            ], required: ["spec"]),
        hasStatus: true, scale: scale,
        strategy: strategy { object, _ in
            object.setDefault("RollingUpdate", at: "spec", "updateStrategy", "type")
            if object.string("spec", "updateStrategy", "type") == "RollingUpdate" {
                object.setDefault(0, at: "spec", "updateStrategy", "rollingUpdate", "partition")
            }
        },
        columns: BuiltinColumns.statefulSet)

    private static let replicaSet = ResourceType(
        group: "apps", version: "v1", kind: "ReplicaSet", plural: "replicasets", singular: "replicaset",
        listKind: "ReplicaSetList", shortNames: ["rs"], categories: ["all"], isNamespaced: true,
        schema: S.kind(
            [
                "spec": S.object(
                    [
                        "minReadySeconds": S.int32(min: 0), "replicas": S.int32(default: 1, min: 0),
                        "selector": S.selector, "template": PodSchemas.template,
                    ], required: ["selector"]),
                "status": S.object([
                    "availableReplicas": S.int32, "conditions": S.conditions, "fullyLabeledReplicas": S.int32,
                    "observedGeneration": S.int64, "readyReplicas": S.int32, "replicas": S.int32,
                    "terminatingReplicas": S.int32,
                ]),
            ], required: ["spec"]),
        hasStatus: true, scale: scale, strategy: strategy { _, _ in }, columns: BuiltinColumns.replicaSet)

    private static func strategy(
        annotationsCount: Bool = false, prepare: @escaping @Sendable (inout JSON, JSON?) -> Void
    ) -> Strategy {
        var strategy = Strategy()
        strategy.countsGenerations = true
        strategy.annotationsChangeGeneration = annotationsCount
        strategy.emptyObject = [
            "metadata": [:], "status": [:],
            "spec": [
                "strategy": [:], "updateStrategy": [:], "template": ["metadata": [:], "spec": ["containers": []]],
            ],
        ]
        strategy.prepare = { object, old in
            PodSchemas.prepare(&object, spec: ["spec", "template", "spec"])
            prepare(&object, old)
        }
        strategy.validate = validate
        return strategy
    }

    private static func validate(_ object: JSON, _ old: JSON?) -> [FieldError] {
        var errors: [FieldError] = []
        let selector = object[at: "spec", "selector"] ?? [:]
        let wanted = selector["matchLabels"]?.objectValue ?? [:]
        let labels = object[at: "spec", "template", "metadata", "labels"]?.objectValue ?? [:]
        if wanted.isEmpty, selector["matchExpressions"]?.arrayValue?.isEmpty ?? true {
            errors.append(.invalid("spec.selector", selector, "empty selector is invalid for deployment"))
        } else if wanted.contains(where: { labels[$0.key] != $0.value }) {
            errors.append(
                .invalid(
                    "spec.template.metadata.labels", .object(labels), "`selector` does not match template `labels`"))
        }
        if let old, old[at: "spec", "selector"] != selector {
            errors.append(.invalid("spec.selector", selector, "field is immutable"))
        }
        return errors
    }
}
