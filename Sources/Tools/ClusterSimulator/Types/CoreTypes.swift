import FoundationEssentials
import WireFormats

/// The core kinds for deploying and running an operator.
enum CoreTypes {
    static let all = [namespace, pod, secret, configMap, serviceAccount, service]

    private static let namespace = ResourceType(
        group: "", version: "v1", kind: "Namespace", plural: "namespaces", singular: "namespace",
        listKind: "NamespaceList", shortNames: ["ns"], isNamespaced: false,
        schema: S.kind([
            "spec": S.object(["finalizers": S.array(S.string)]),
            "status": S.object(["phase": S.string, "conditions": S.conditions]),
        ]),
        hasStatus: true,
        strategy: strategy {
            $0.nameForm = .label
            $0.deletionReturnsObject = true
            $0.selectableFields = ["status.phase": ["status", "phase"]]
            $0.prepare = { object, old in
                if old == nil {
                    object.set(["kubernetes"], at: "spec", "finalizers")
                    object.set("Active", at: "status", "phase")
                    object.set(.string(object.name), at: "metadata", "labels", "kubernetes.io/metadata.name")
                }
            }
        },
        columns: BuiltinColumns.namespace)

    private static let pod = ResourceType(
        group: "", version: "v1", kind: "Pod", plural: "pods", singular: "pod", listKind: "PodList",
        shortNames: ["po"], categories: ["all"], isNamespaced: true,
        schema: S.kind(["spec": PodSchemas.spec, "status": PodSchemas.status], required: ["spec"]),
        hasStatus: true,
        strategy: strategy {
            $0.deletionReturnsObject = true
            $0.selectableFields = [
                "spec.nodeName": ["spec", "nodeName"], "status.phase": ["status", "phase"],
                "spec.serviceAccountName": ["spec", "serviceAccountName"], "status.podIP": ["status", "podIP"],
            ]
            $0.prepare = { object, old in
                PodSchemas.prepare(&object, spec: ["spec"])
                if old == nil { object.set("Pending", at: "status", "phase") }
            }
        },
        columns: BuiltinColumns.pod)

    private static let secret = ResourceType(
        group: "", version: "v1", kind: "Secret", plural: "secrets", singular: "secret", listKind: "SecretList",
        isNamespaced: true,
        schema: S.kind([
            "data": S.map(S.with(S.string, ["format": "byte"])), "stringData": S.stringMap, "type": S.string,
            "immutable": S.bool,
        ]),
        strategy: strategy {
            $0.selectableFields = ["type": ["type"]]
            $0.prepare = { object, _ in
                object.setDefault("Opaque", at: "type")
                for (name, value) in object["stringData"]?.objectValue ?? [:] {
                    guard let text = value.stringValue else { continue }
                    object.set(.string(Data(text.utf8).base64EncodedString()), at: "data", name)
                }
                object.set(nil, at: "stringData")
            }
            $0.validate = immutableData
        },
        columns: BuiltinColumns.secret)

    private static let configMap = ResourceType(
        group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", singular: "configmap",
        listKind: "ConfigMapList", shortNames: ["cm"], isNamespaced: true,
        schema: S.kind([
            "data": S.stringMap, "binaryData": S.map(S.with(S.string, ["format": "byte"])), "immutable": S.bool,
        ]),
        strategy: strategy { $0.validate = immutableData },
        columns: BuiltinColumns.configMap)

    private static let serviceAccount = ResourceType(
        group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts", singular: "serviceaccount",
        listKind: "ServiceAccountList", shortNames: ["sa"], isNamespaced: true,
        schema: S.kind([
            "automountServiceAccountToken": S.bool, "imagePullSecrets": S.array(S.object(["name": S.string])),
            "secrets": S.list(S.objectReference, keys: ["name"]),
        ]),
        columns: BuiltinColumns.age)

    private static let service = ResourceType(
        group: "", version: "v1", kind: "Service", plural: "services", singular: "service", listKind: "ServiceList",
        shortNames: ["svc"], categories: ["all"], isNamespaced: true,
        schema: S.kind(
            [
                "spec": S.with(
                    S.object([
                        "type": S.string(default: "ClusterIP"), "selector": S.atomic(S.stringMap),
                        "clusterIP": S.string, "sessionAffinity": S.string(default: "None"),
                        "ports": S.list(
                            S.object(
                                [
                                    "name": S.string, "port": S.int32(min: 1, max: 65_535),
                                    "protocol": S.string(default: "TCP"), "targetPort": S.intOrString,
                                    "nodePort": S.int32, "appProtocol": S.string,
                                ], required: ["port"]),
                            keys: ["port", "protocol"], patchKey: "port"),
                    ]), ["x-kubernetes-preserve-unknown-fields": true]),
                "status": S.opaque,
            ], required: ["spec"]),
        hasStatus: true,
        strategy: strategy {
            $0.nameForm = .serviceName
            $0.deletionReturnsObject = true
            $0.prepare = { object, _ in
                guard var ports = object[at: "spec", "ports"]?.arrayValue else { return }
                for index in ports.indices {
                    if let port = ports[index]["port"] { ports[index].setDefault(port, at: "targetPort") }
                }
                object.set(.array(ports), at: "spec", "ports")
            }
        },
        columns: BuiltinColumns.service)

    private static func immutableData(_ object: JSON, _ old: JSON?) -> [FieldError] {
        guard let old, old["immutable"] == true else { return [] }
        return ["data", "binaryData", "immutable"].filter { object[$0] != old[$0] }.map {
            .forbidden($0, "field is immutable when `immutable` is set")
        }
    }

    private static func strategy(_ change: (inout Strategy) -> Void) -> Strategy {
        var strategy = Strategy()
        strategy.emptyObject = ["metadata": [:], "spec": [:], "status": [:]]
        change(&strategy)
        return strategy
    }
}
