import WireFormats

/// The custom resource of the tests.
enum Sample {
    static let path = "/apis/tests.example.com/v1/namespaces/test/samples"

    static let definition: JSON = [
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": ["name": "samples.tests.example.com"],
        "spec": [
            "group": "tests.example.com", "scope": "Namespaced",
            "names": [
                "plural": "samples", "singular": "sample", "kind": "Sample", "shortNames": ["smp"],
                "categories": ["all"],
            ],
            "versions": [version],
        ],
    ]

    static let version: JSON = [
        "name": "v1", "served": true, "storage": true,
        "subresources": [
            "status": [:],
            "scale": ["specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"],
        ],
        "additionalPrinterColumns": [
            ["name": "Max", "type": "integer", "jsonPath": ".spec.max"],
            ["name": "Types", "type": "string", "jsonPath": ".spec.metrics[*].type", "priority": 1],
            ["name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"],
        ],
        "schema": ["openAPIV3Schema": schema],
    ]

    static let schema: JSON = [
        "type": "object", "required": ["spec"],
        "properties": [
            "spec": [
                "type": "object", "required": ["max", "metrics"],
                "properties": [
                    "replicas": ["type": "integer", "format": "int32"],
                    "min": ["type": "integer", "format": "int32", "minimum": 0, "default": 1],
                    "max": ["type": "integer", "format": "int32", "minimum": 1],
                    "metrics": [
                        "type": "array", "minItems": 1, "maxItems": 3,
                        "items": [
                            "type": "object", "required": ["type", "target"],
                            "properties": [
                                "type": ["type": "string", "enum": ["one", "two"], "default": "one"],
                                "target": ["type": "number", "minimum": 0, "exclusiveMinimum": true],
                                "config": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
                            ],
                        ],
                    ],
                ],
            ],
            "status": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
        ],
    ]

    static func object(_ name: String, max: JSON = 10, spec extra: [String: JSON] = [:]) -> JSON {
        var spec: [String: JSON] = ["max": max, "metrics": [["type": "one", "target": 5]]]
        spec.merge(extra) { $1 }
        return [
            "apiVersion": "tests.example.com/v1", "kind": "Sample", "metadata": ["name": .string(name)],
            "spec": .object(spec),
        ]
    }

    static func deployment(_ name: String, replicas: Int64 = 2) -> JSON {
        [
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": ["name": .string(name), "namespace": "test"],
            "spec": [
                "replicas": .integer(replicas), "selector": ["matchLabels": ["app": "web"]],
                "template": [
                    "metadata": ["labels": ["app": "web"]],
                    "spec": ["containers": [["name": "c", "image": "img"]]],
                ],
            ],
        ]
    }

    static let deployments = "/apis/apps/v1/namespaces/test/deployments"
}
