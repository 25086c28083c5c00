import TestSupport
import Testing
import WireFormats

@testable import KubernetesClient

/// The operator's executable with objects that are designed to exhaust its memory.
@Suite("Attacks on the operator's memory", .timeLimit(.minutes(5)))
struct MemoryAttackTests {
    /// Sufficient for the debug build. The limit in the chart is 256 MiB.
    private static let bound = 100 << 20

    private static func members(_ value: JSON) -> JSON {
        .object(Dictionary((0..<20_000).map { ("m\($0)", value) }) { first, _ in first })
    }

    /// Members of a scaler's metadata, and a config deeper than the levels that the definition limits.
    private static let attacks: [(metadata: JSON, config: JSON)] = [
        ([:], members([:])), ([:], members(nil)), ([:], .array(Array(repeating: [], count: 60_000))),
        ([:], .string(String(repeating: "é", count: 600_000))), (["labels": members("")], [:]),
        (["annotations": members("")], [:]),
    ]

    @Test("six objects of 20,000 and more values take no memory at any start, and another scaler works")
    func oversizedObjects() async throws {
        try await TestCluster.run { cluster in
            try await PrometheusServer.run { prometheus in
                for (number, attack) in Self.attacks.enumerated() {
                    let config: JSON = ["a": ["b": ["c": attack.config]]]
                    // The response contains the object, which the client does not read.
                    try? await cluster.createScaler(
                        "huge\(number)", ["metrics": [["type": "prometheus", "targetValue": 1, "config": config]]],
                        metadata: attack.metadata)
                }
                try await cluster.createWorkload("web")
                try await cluster.createScaler("web")
                for _ in 0..<2 {
                    try await TestOperator.run(on: cluster, prometheus: prometheus.address) { running in
                        for number in Self.attacks.indices {
                            try await cluster.condition("Ready", "False", "InvalidSpec", of: "huge\(number)")
                        }
                        try await cluster.condition("Ready", "True", "Scaling", of: "web")
                        try await running.polls(3, of: "web")
                        let peak = try running.peakMemory(cluster)
                        #expect(peak > 0 && peak < Self.bound, "\(peak >> 20) MiB")
                    }
                }
            }
        }
    }
}
