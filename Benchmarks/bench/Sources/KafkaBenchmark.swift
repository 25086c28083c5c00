import WireFormats

/// 1,000 consumer groups of one Kafka cluster. The broker is simulated: the mock cluster of librdkafka needs a client for each
/// commit.
struct KafkaBenchmark: Benchmark {
    let name = "kafka"

    static let groups = PluginLoad.scalers
    static let maxInFlight = 64
    static let partitions = 12
    /// The memory that the groups may take, in MiB.
    private static let goal = 8.0

    func run() async throws -> [Measurement] {
        let broker = try LineProcess(["python3", "\(Bench.checkout())/Tests/Fixtures/kafka_broker.py"])
        try broker.send("\(Self.scene)")
        let address = try broker.receive()
        let load = try PluginLoad(type: "kafka", plugin: "kafka", maxInFlight: Self.maxInFlight)
        return try load.measure(name, scalers: "1,000 groups", library: "librdkafka", memoryGoal: Self.goal) { number in
            #"{"brokers":["\#(address)"],"group":"\#(Self.group(number))","topics":["orders"]}"#
        } secondsPerReading: {
            try KafkaLoop.secondsPerReading(address, rounds: PluginLoad.rounds)
        }
    }

    static func group(_ number: Int) -> String { "group-\(number)" }

    private static var scene: JSON {
        let ends = JSON.array((0..<partitions).map { [0, .integer(Int64(1_000 + $0))] })
        let committed = JSON.object(
            Dictionary(uniqueKeysWithValues: (0..<partitions).map { ("\($0)", JSON.integer(Int64(990 + $0))) }))
        let all = (0..<groups).map { (group($0), ["orders": committed] as JSON) }
        return ["topics": ["orders": ends], "groups": .object(Dictionary(uniqueKeysWithValues: all))]
    }
}
