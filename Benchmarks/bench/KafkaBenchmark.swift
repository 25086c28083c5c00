import Glibc
import WireFormats

/// 1,000 consumer groups of one Kafka cluster. The broker is simulated: the mock cluster of librdkafka needs a client for each
/// commit.
struct KafkaBenchmark: Benchmark {
    let name = "kafka"

    static let groups = 1_000
    static let maxInFlight = 64
    static let partitions = 12
    private static let rounds = 5
    /// The memory that the groups may take, in MiB.
    private static let goal = 8.0

    func run() async throws -> [Measurement] {
        let broker = try LineProcess(["python3", "\(Bench.checkout())/Tests/Fixtures/kafka_broker.py"])
        try broker.send("\(Self.scene)")
        let address = try broker.receive()
        let plugin = try PluginPipe("generalscaler-plugin-kafka")
        let idle = ProcessTimes.memory(of: plugin.processIdentifier).proportional
        // The first round makes the client and fills caches.
        try Self.round(plugin, address)
        let before = try ProcessTimes.cpuSeconds(of: plugin.processIdentifier)
        for _ in 1...Self.rounds { try Self.round(plugin, address) }
        let seconds = try ProcessTimes.cpuSeconds(of: plugin.processIdentifier) - before
        let all = ProcessTimes.memory(of: plugin.processIdentifier).proportional
        let bare = try KafkaLoop.secondsPerReading(address, rounds: Self.rounds)
        return [
            Measurement(name: "kafka.idle plugin's memory", value: idle, unit: "MiB"),
            Measurement(
                name: "kafka.memory of 1,000 groups above an idle plugin", value: all - idle, unit: "MiB",
                goal: .atMost(Self.goal)),
            Measurement(
                name: "kafka.CPU of a reading, against bare librdkafka",
                value: seconds * 1e6 / Double(Self.rounds * Self.groups), unit: "us", baseline: bare * 1e6,
                goal: .atMost(2)),
        ]
    }

    static func group(_ number: Int) -> String { "group-\(number)" }

    private static var scene: JSON {
        let ends = JSON.array((0..<partitions).map { [0, .integer(Int64(1_000 + $0))] })
        let committed = JSON.object(
            Dictionary(uniqueKeysWithValues: (0..<partitions).map { ("\($0)", JSON.integer(Int64(990 + $0))) }))
        let all = (0..<groups).map { (group($0), ["orders": committed] as JSON) }
        return ["topics": ["orders": ends], "groups": .object(Dictionary(uniqueKeysWithValues: all))]
    }

    /// Reads each group once.
    private static func round(_ plugin: PluginPipe, _ address: String) throws {
        for number in 0..<groups {
            let config = #"{"brokers":["\#(address)"],"group":"\#(group(number))","topics":["orders"]}"#
            try plugin.send(
                "get_metric_value",
                #"{"type":"kafka","config":\#(config),"targetType":"AverageValue","deadlineMs":10000}"#)
            if number >= maxInFlight - 1 { try plugin.receiveValue() }
        }
        for _ in 1..<maxInFlight { try plugin.receiveValue() }
    }
}
