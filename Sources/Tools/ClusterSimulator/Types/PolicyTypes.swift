import WireFormats

/// Leases, horizontal pod autoscalers, access rules and admission webhooks.
enum PolicyTypes {
    static let all = [
        lease, autoscaler, AutoscalerV1.type(autoscaler), role, clusterRole, roleBinding, clusterRoleBinding,
        validatingWebhooks,
    ]

    private static let lease = ResourceType(
        group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases", singular: "lease",
        listKind: "LeaseList", isNamespaced: true,
        schema: S.kind([
            "spec": S.object([
                "acquireTime": S.microTime, "holderIdentity": S.with(S.string, ["minLength": 1]),
                "leaseDurationSeconds": S.int32(min: 1), "leaseTransitions": S.int32(min: 0),
                "preferredHolder": S.string, "renewTime": S.microTime, "strategy": S.string,
            ])
        ]),
        strategy: strategy {
            $0.allowsUnconditionalUpdate = false
            $0.createsOnUpdate = true
        },
        columns: BuiltinColumns.lease)

    /// Stored only, without a controller.
    private static let autoscaler = ResourceType(
        group: "autoscaling", version: "v2", kind: "HorizontalPodAutoscaler", plural: "horizontalpodautoscalers",
        singular: "horizontalpodautoscaler", listKind: "HorizontalPodAutoscalerList", shortNames: ["hpa"],
        categories: ["all"], isNamespaced: true,
        schema: S.kind(
            [
                "spec": S.object(
                    [
                        "behavior": S.opaque, "maxReplicas": S.int32(min: 1), "metrics": S.opaqueList,
                        "minReplicas": S.int32(default: 1, min: 1),
                        "scaleTargetRef": S.atomic(
                            S.object(
                                ["apiVersion": S.string, "kind": S.string, "name": S.string],
                                required: ["kind", "name"])),
                    ], required: ["maxReplicas", "scaleTargetRef"]),
                "status": S.opaque,
            ], required: ["spec"]),
        hasStatus: true, strategy: strategy { _ in }, columns: BuiltinColumns.autoscaler)

    private static let validatingWebhooks = ResourceType(
        group: "admissionregistration.k8s.io", version: "v1", kind: "ValidatingWebhookConfiguration",
        plural: "validatingwebhookconfigurations", singular: "validatingwebhookconfiguration",
        listKind: "ValidatingWebhookConfigurationList", isNamespaced: false,
        schema: S.kind([
            "webhooks": S.list(
                S.object(
                    [
                        "admissionReviewVersions": S.array(S.string), "name": S.string,
                        "clientConfig": S.object([
                            "caBundle": S.with(S.string, ["format": "byte"]), "url": S.string,
                            "service": S.object(
                                [
                                    "name": S.string, "namespace": S.string, "path": S.string,
                                    "port": S.int32(default: 443),
                                ], required: ["namespace", "name"]),
                        ]),
                        "failurePolicy": S.string(default: "Fail", oneOf: ["Fail", "Ignore"]),
                        "matchPolicy": S.string(default: "Equivalent", oneOf: ["Equivalent", "Exact"]),
                        "matchConditions": S.opaqueList, "namespaceSelector": S.defaulted(S.selector, [:]),
                        "objectSelector": S.defaulted(S.selector, [:]), "rules": S.array(webhookRule),
                        "sideEffects": S.string(oneOf: ["None", "NoneOnDryRun"]),
                        "timeoutSeconds": S.int32(default: 10, min: 1, max: 30),
                    ], required: ["admissionReviewVersions", "clientConfig", "name", "sideEffects"]),
                keys: ["name"])
        ]),
        strategy: strategy {
            $0.countsGenerations = true
            $0.allowsUnconditionalUpdate = false
            $0.validate = { object, _ in WebhookConfigurationRules.errors(object) }
        },
        columns: BuiltinColumns.age)

    private static let webhookRule = S.object([
        "apiGroups": S.array(S.string), "apiVersions": S.array(S.string), "operations": S.array(S.string),
        "resources": S.array(S.string), "scope": S.string(default: "*", oneOf: ["*", "Cluster", "Namespaced"]),
    ])

    private static let rules = S.array(
        S.object(
            [
                "apiGroups": S.array(S.string), "nonResourceURLs": S.array(S.string),
                "resourceNames": S.array(S.string), "resources": S.array(S.string), "verbs": S.array(S.string),
            ], required: ["verbs"]))

    private static let binding: [String: JSON] = [
        "roleRef": S.atomic(
            S.object(["apiGroup": S.string, "kind": S.string, "name": S.string], required: ["kind", "name"])),
        "subjects": S.array(
            S.object(
                ["apiGroup": S.string, "kind": S.string, "name": S.string, "namespace": S.string],
                required: ["kind", "name"])),
    ]

    private static let role = access("Role", "roles", isNamespaced: true, ["rules": rules])
    private static let clusterRole = access(
        "ClusterRole", "clusterroles", isNamespaced: false, ["rules": rules, "aggregationRule": S.opaque])
    private static let roleBinding = access("RoleBinding", "rolebindings", isNamespaced: true, binding)
    private static let clusterRoleBinding = access(
        "ClusterRoleBinding", "clusterrolebindings", isNamespaced: false, binding)

    private static func access(
        _ kind: String, _ plural: String, isNamespaced: Bool, _ properties: [String: JSON]
    ) -> ResourceType {
        let isBinding = properties["roleRef"] != nil
        return ResourceType(
            group: "rbac.authorization.k8s.io", version: "v1", kind: kind, plural: plural,
            singular: kind.lowercased(), listKind: kind + "List", isNamespaced: isNamespaced,
            schema: S.kind(properties, required: isBinding ? ["roleRef"] : []),
            strategy: strategy {
                $0.nameForm = .pathSegment
                $0.createsOnUpdate = true
                $0.validate = { object, old in
                    guard isBinding, let old, old["roleRef"] != object["roleRef"] else { return [] }
                    return [.invalid("roleRef", object["roleRef"] ?? .null, "cannot change roleRef")]
                }
            },
            columns: BuiltinColumns.age)
    }

    private static func strategy(_ change: (inout Strategy) -> Void) -> Strategy {
        var strategy = Strategy()
        strategy.emptyObject = ["metadata": [:], "spec": [:], "status": [:], "roleRef": [:]]
        change(&strategy)
        return strategy
    }
}
