import PluginSDK
import Testing
import WireFormats

@testable import generalscaler_plugin_kubernetes

/// The tables follow the documentation, "How does a HorizontalPodAutoscaler work", and `groupPods` of
/// pkg/controller/podautoscaler/replica_calculator.go.
@Suite("The state of a pod")
struct PodStateTests {
    /// Seconds since 1970.
    private static let now: Int64 = 1_796_001_825

    private static func time(_ secondsAgo: Int64) -> JSON {
        .string(RFC3339.text(microseconds: (now - secondsAgo) * 1_000_000, precision: .seconds))
    }

    private static func pod(
        phase: String? = "Running", started: Int64? = 3_600, ready: String? = "True", changed: Int64? = 3_500,
        deleting: Bool = false
    ) throws -> Pod {
        var metadata: [String: JSON] = ["name": "web-0"]
        if deleting { metadata["deletionTimestamp"] = time(1) }
        var status: [String: JSON] = [:]
        status["phase"] = phase.map(JSON.string)
        status["startTime"] = started.map(time)
        if let ready {
            var condition: [String: JSON] = ["type": "Ready", "status": .string(ready)]
            condition["lastTransitionTime"] = changed.map(time)
            status["conditions"] = [["type": "Initialized", "status": "True"], .object(condition)]
        }
        return try Pod(["metadata": .object(metadata), "status": .object(status)])
    }

    private static func state(_ pod: Pod, cpu: Bool = true, measured secondsAgo: Int64? = 15) -> PodState {
        PodState(
            MeasuredPod(
                pod: pod,
                measurement: secondsAgo.map { .init(timestamp: (now - $0) * 1_000_000, window: 30_000_000, value: 1) }),
            isCPU: cpu, now: now * 1_000_000)
    }

    @Test("pods that end or have ended are ignored, with a value or without")
    func ignored() throws {
        for measured in [15, nil] as [Int64?] {
            #expect(Self.state(try Self.pod(deleting: true), measured: measured) == .ignored)
            #expect(Self.state(try Self.pod(phase: "Failed"), measured: measured) == .ignored)
            #expect(Self.state(try Self.pod(phase: "Succeeded"), measured: measured) == .ignored)
            #expect(Self.state(try Self.pod(phase: "Pending", deleting: true), measured: measured) == .ignored)
        }
    }

    @Test("a pending pod is unready, and a running one without a value is missing, for any metric")
    func withoutValue() throws {
        for cpu in [true, false] {
            #expect(Self.state(try Self.pod(phase: "Pending", started: nil, ready: nil), cpu: cpu) == .unready)
            #expect(Self.state(try Self.pod(), cpu: cpu, measured: nil) == .missing)
            #expect(Self.state(try Self.pod(ready: "False"), cpu: cpu, measured: nil) == .missing)
            #expect(Self.state(try Self.pod(phase: nil), cpu: cpu, measured: nil) == .missing)
        }
    }

    @Test("memory of a running pod counts whether it is ready or not")
    func memory() throws {
        #expect(Self.state(try Self.pod(started: 1, ready: "False", changed: 1), cpu: false) == .counted)
        #expect(Self.state(try Self.pod(started: nil, ready: nil), cpu: false) == .counted)
    }

    struct CPUCase: Sendable, CustomTestStringConvertible {
        let name: String
        var started: Int64? = 3_600
        var ready: String? = "True"
        var changed: Int64? = 3_500
        var measured: Int64 = 15
        let state: PodState

        var testDescription: String { name }
    }

    @Test(
        "CPU time counts by the readiness of the pod and its age",
        arguments: [
            CPUCase(name: "ready for long", state: .counted),
            CPUCase(name: "no condition", ready: nil, state: .unready),
            CPUCase(name: "no start time", started: nil, state: .unready),
            // In the first 5 minutes, the pod must be ready, and the window must begin after that.
            CPUCase(name: "young and unready", started: 299, ready: "False", changed: 299, state: .unready),
            CPUCase(name: "young, window since ready", started: 299, changed: 45, measured: 15, state: .counted),
            CPUCase(name: "young, window begins 1 s early", started: 299, changed: 44, measured: 15, state: .unready),
            CPUCase(name: "young, ready again", started: 200, changed: 20, measured: 15, state: .unready),
            CPUCase(name: "young, readiness unknown", started: 299, ready: "Unknown", changed: 200, state: .counted),
            CPUCase(name: "young, no time of change", started: 299, changed: nil, state: .counted),
            // After 5 minutes, a pod counts unless it was never ready.
            CPUCase(name: "old, unready since the start", started: 300, ready: "False", changed: 271, state: .unready),
            CPUCase(name: "old, unready since 30 s", started: 300, ready: "False", changed: 270, state: .counted),
            CPUCase(name: "old, unready since long after", started: 3_600, ready: "False", changed: 9, state: .counted),
            CPUCase(name: "old, ready since this second", started: 300, changed: 0, state: .counted),
            CPUCase(name: "old, unready, no time", started: 300, ready: "False", changed: nil, state: .unready),
        ])
    func cpu(_ row: CPUCase) throws {
        let pod = try Self.pod(started: row.started, ready: row.ready, changed: row.changed)
        #expect(Self.state(pod, measured: row.measured) == row.state)
    }
}
