import WireFormats

/// Schemas of pods and their parts. Parts that autoscalers do not use are opaque.
enum PodSchemas {
    static let template = S.object([
        "metadata": S.metadata,
        "spec": spec,
    ])

    static let spec = S.object(
        [
            "activeDeadlineSeconds": S.int64, "affinity": S.opaque, "automountServiceAccountToken": S.bool,
            "containers": S.with(S.list(container, keys: ["name"]), ["minItems": 1]),
            "dnsConfig": S.opaque, "dnsPolicy": S.string(default: "ClusterFirst"), "enableServiceLinks": S.bool,
            "ephemeralContainers": S.list(S.opaque, keys: ["name"]),
            "hostAliases": S.list(S.opaque, keys: ["ip"]), "hostIPC": S.bool, "hostNetwork": S.bool,
            "hostPID": S.bool, "hostUsers": S.bool, "hostname": S.string, "hostnameOverride": S.string,
            "imagePullSecrets": S.list(S.atomic(S.object(["name": S.string])), keys: ["name"]),
            "initContainers": S.list(container, keys: ["name"]), "nodeName": S.string,
            "nodeSelector": S.atomic(S.stringMap), "os": S.opaque, "overhead": S.map(S.quantity),
            "preemptionPolicy": S.string, "priority": S.int32, "priorityClassName": S.string,
            "readinessGates": S.opaqueList, "resourceClaims": S.list(S.opaque, keys: ["name"]),
            "resources": S.opaque, "restartPolicy": S.string(default: "Always"), "runtimeClassName": S.string,
            "schedulerName": S.string(default: "default-scheduler"),
            "schedulingGates": S.list(S.object(["name": S.string]), keys: ["name"]),
            "securityContext": S.defaulted(S.opaque, [:]), "serviceAccount": S.string,
            "serviceAccountName": S.string, "setHostnameAsFQDN": S.bool, "shareProcessNamespace": S.bool,
            "subdomain": S.string, "terminationGracePeriodSeconds": S.defaulted(S.int64, 30),
            "tolerations": S.array(
                S.object([
                    "key": S.string, "operator": S.string, "value": S.string, "effect": S.string,
                    "tolerationSeconds": S.int64,
                ])),
            "topologySpreadConstraints": S.list(S.opaque, keys: ["topologyKey", "whenUnsatisfiable"]),
            "volumes": S.list(volume, keys: ["name"]), "workloadRef": S.opaque,
        ],
        required: ["containers"])

    private static let container = S.object(
        [
            "args": S.array(S.string), "command": S.array(S.string), "env": S.list(environment, keys: ["name"]),
            "envFrom": S.opaqueList, "image": S.string, "imagePullPolicy": S.string, "lifecycle": S.opaque,
            "livenessProbe": probe, "name": S.with(S.string, ["minLength": 1]),
            "ports": S.list(port, keys: ["containerPort", "protocol"], patchKey: "containerPort"),
            "readinessProbe": probe, "resizePolicy": S.opaqueList,
            "resources": S.defaulted(
                S.object([
                    "limits": S.map(S.quantity), "requests": S.map(S.quantity),
                    "claims": S.list(S.opaque, keys: ["name"]),
                ]), [:]),
            "restartPolicy": S.string, "restartPolicyRules": S.opaqueList, "securityContext": S.opaque,
            "startupProbe": probe, "stdin": S.bool, "stdinOnce": S.bool,
            "terminationMessagePath": S.string(default: "/dev/termination-log"),
            "terminationMessagePolicy": S.string(default: "File"), "tty": S.bool,
            "volumeDevices": S.list(S.opaque, keys: ["devicePath"]),
            "volumeMounts": S.list(
                S.object(
                    [
                        "name": S.string, "mountPath": S.string, "mountPropagation": S.string, "readOnly": S.bool,
                        "recursiveReadOnly": S.string, "subPath": S.string, "subPathExpr": S.string,
                    ], required: ["name", "mountPath"]),
                keys: ["mountPath"]),
            "workingDir": S.string,
        ],
        required: ["name", "image"])

    private static let environment = S.object(
        ["name": S.string, "value": S.string, "valueFrom": S.opaque], required: ["name"])

    private static let port = S.object(
        [
            "containerPort": S.int32(min: 1, max: 65_535), "hostIP": S.string, "hostPort": S.int32,
            "name": S.string, "protocol": S.string(default: "TCP", oneOf: ["TCP", "UDP", "SCTP"]),
        ],
        required: ["containerPort"])

    private static let probe = S.object([
        "exec": S.opaque, "grpc": S.opaque, "httpGet": S.opaque, "tcpSocket": S.opaque,
        "failureThreshold": S.int32(default: 3, min: 1), "initialDelaySeconds": S.int32(min: 0),
        "periodSeconds": S.int32(default: 10, min: 1), "successThreshold": S.int32(default: 1, min: 1),
        "timeoutSeconds": S.int32(default: 1, min: 1), "terminationGracePeriodSeconds": S.int64,
    ])

    /// A volume's name and its source.
    private static let volume: JSON = [
        "type": "object", "x-kubernetes-preserve-unknown-fields": true, "required": ["name"],
        "properties": ["name": S.string],
    ]

    static let status: JSON = [
        "type": "object", "x-kubernetes-preserve-unknown-fields": true,
        "properties": ["phase": S.string, "conditions": S.conditions],
    ]

    /// Sets defaults that depend on more than one field of a pod's containers.
    static func prepare(_ object: inout JSON, spec path: [String]) {
        for list in ["containers", "initContainers"] {
            guard var containers = object[at: path + [list]]?.arrayValue else { continue }
            for index in containers.indices where containers[index]["imagePullPolicy"] == nil {
                guard let image = containers[index].string("image") else { continue }
                let policy = isPinned(image) ? "IfNotPresent" : "Always"
                containers[index].set(.string(policy), at: "imagePullPolicy")
            }
            object.set(.array(containers), at: (path + [list])[...])
        }
        let account = object[at: path + ["serviceAccountName"]] ?? object[at: path + ["serviceAccount"]]
        if let account {
            object.set(account, at: (path + ["serviceAccountName"])[...])
            object.set(account, at: (path + ["serviceAccount"])[...])
        }
    }

    /// Returns whether an image has a tag other than `latest`, or a digest.
    private static func isPinned(_ image: String) -> Bool {
        if image.contains("@") { return true }
        let last = image.split(separator: "/").last ?? ""
        guard let colon = last.lastIndex(of: ":") else { return false }
        return last[last.index(after: colon)...] != "latest"
    }
}
