import WireFormats

/// 1,000 scalers of one namespace that read metrics of the API server, each another one: of the external metrics API, for the
/// time of a reading without sharing; and the memory of their pods, which share two lists.
struct KubernetesBenchmark: Benchmark {
    let name = "kubernetes"

    private static let external = "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/queue-"
    private static let time: JSON = "2026-11-30T01:23:45Z"

    func run() async throws -> [Measurement] {
        let (server, address) = try AnswerProcess.start(Self.answers)
        defer { withExtendedLifetime(server) {} }
        let load = try PluginLoad(type: "kubernetes-external", plugin: "kubernetes", maxInFlight: 64)
        let ownServer = #""namespace":"shop","address":"\#(address)","token":"bench""#
        let each = try load.measure(name, library: "libcurl") { number in
            #"{"metric":"queue-\#(number)",\#(ownServer)}"#
        } secondsPerReading: {
            try GetLoop.secondsPerReading("\(address)\(Self.external)")
        }
        var shared = try PluginLoad(type: "kubernetes-resource", plugin: "kubernetes", maxInFlight: 64)
        shared.targetType = "Value"
        let pods = try shared.run { number in
            #"{"resource":"memory","measure":"AverageValue","podSelector":"app=a\#(number)",\#(ownServer)}"#
        }
        return each + [
            Measurement(
                name: "\(name).memory of 1,000 scalers on memory above an idle plugin", value: pods.memory, unit: "MiB"),
            Measurement(name: "\(name).CPU of a reading of pods", value: pods.seconds * 1e6, unit: "us"),
        ]
    }

    private static var answers: [String: JSON] {
        let numbers = 0..<PluginLoad.scalers
        let pods = numbers.map { number -> JSON in
            [
                "metadata": ["name": .string("pod-\(number)"), "labels": ["app": .string("a\(number)")]],
                "spec": ["containers": [["name": "app", "resources": ["requests": ["memory": "64Mi"]]]]],
                "status": [
                    "phase": "Running", "startTime": time,
                    "conditions": [["type": "Ready", "status": "True", "lastTransitionTime": time]],
                ],
            ]
        }
        let usage = numbers.map { number -> JSON in
            [
                "metadata": ["name": .string("pod-\(number)")], "timestamp": time, "window": "30s",
                "containers": [["name": "app", "usage": ["memory": "48Mi"]]],
            ]
        }
        var answers: [String: JSON] = [
            "/api/v1/namespaces/shop/pods": ["metadata": [:], "items": .array(pods)],
            "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods": ["metadata": [:], "items": .array(usage)],
        ]
        for number in numbers {
            answers["\(external)\(number)"] = [
                "metadata": [:], "items": [["metricName": "queue", "timestamp": time, "value": .string("\(number)")]],
            ]
        }
        return answers
    }
}
