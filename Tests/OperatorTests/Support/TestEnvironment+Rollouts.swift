import ClusterSimulator
import WireFormats

/// A kind that is not built in, with the definition of Argo Rollouts.
extension TestEnvironment {
    func defineRollouts() throws {
        let open: JSON = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        try define(
            "Rollout", plural: "rollouts", group: "argoproj.io", version: "v1alpha1",
            subresources: [
                "status": [:],
                "scale": [
                    "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.HPAReplicas",
                    "labelSelectorPath": ".status.selector",
                ],
            ], properties: ["spec": open, "status": open])
    }

    func define(
        _ kind: JSON, plural: String, group: String, version: JSON, subresources: JSON, properties: JSON
    ) throws {
        let schema: JSON = ["type": "object", "properties": properties]
        try api.create([
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": .string("\(plural).\(group)")],
            "spec": [
                "group": .string(group), "scope": "Namespaced", "names": ["kind": kind, "plural": .string(plural)],
                "versions": [
                    [
                        "name": version, "served": true, "storage": true, "subresources": subresources,
                        "schema": ["openAPIV3Schema": schema],
                    ]
                ],
            ],
        ])
    }

    /// - Parameter status: the status written by its controller; nil before the first one.
    func roll(_ name: String = "web", replicas: Int?, status: JSON? = nil) throws {
        try api.create([
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
            "metadata": ["name": .string(name), "namespace": .string(OperatorFixture.namespace)],
            "spec": replicas.map { ["replicas": .integer(Int64($0))] } ?? [:],
        ])
        if let status { try report(name, status) }
    }

    func report(_ name: String = "web", _ status: JSON) throws {
        try api.patch(Self.path(rollout: name) + "/status", ["status": status])
    }

    func replicas(ofRollout name: String) throws -> Int? {
        try api.get(Self.path(rollout: name))["spec"]?["replicas"]?.intValue
    }

    static func path(rollout name: String) -> String {
        "/apis/argoproj.io/v1alpha1/namespaces/\(OperatorFixture.namespace)/rollouts/\(name)"
    }

    /// Returns a scaler of a Rollout with the same name.
    static func rolloutScaler(_ name: String = "web", _ spec: JSON = [:]) -> JSON {
        let base: [String: JSON] = [
            "targetDeployment": nil,
            "targetRef": ["apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": .string(name)],
            "maxReplicas": 20,
        ]
        return scaler(name, .object(base.merging(spec.objectValue ?? [:]) { $1 }))
    }
}
