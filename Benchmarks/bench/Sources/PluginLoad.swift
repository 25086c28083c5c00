import Glibc

/// Many scalers that read through one plugin, and a bare client of the same library that reads the same.
struct PluginLoad {
    /// The scalers, each with its own config.
    static let scalers = 1_000
    static let rounds = 5
    /// The CPU time of a reading may be at most that many times the bare client's.
    private static let goal = 2.0

    let plugin: PluginPipe
    let type: String
    let maxInFlight: Int
    var targetType = "AverageValue"
    private let idle: Double

    init(type: String, plugin name: String, maxInFlight: Int) throws {
        plugin = try PluginPipe("generalscaler-plugin-\(name)")
        self.type = type
        self.maxInFlight = maxInFlight
        idle = ProcessTimes.memory(of: plugin.processIdentifier).proportional
    }

    /// Reads each config some times, and measures the bare client.
    ///
    /// - Parameters:
    ///   - memoryGoal: the memory that the scalers may take above an idle plugin, in MiB.
    ///   - secondsPerReading: measures the CPU time of the bare client.
    func measure(
        _ name: String, scalers what: String = "1,000 scalers", library: String, memoryGoal: Double? = nil,
        config: (_ number: Int) -> String, secondsPerReading: () throws -> Double
    ) throws -> [Measurement] {
        let (seconds, memory) = try run(config)
        let bare = try secondsPerReading()
        return [
            Measurement(name: "\(name).idle plugin's memory", value: idle, unit: "MiB"),
            Measurement(
                name: "\(name).memory of \(what) above an idle plugin", value: memory, unit: "MiB",
                goal: memoryGoal.map { .atMost($0) }),
            Measurement(
                name: "\(name).CPU of a reading, against bare \(library)", value: seconds * 1e6, unit: "us",
                baseline: bare * 1e6, goal: .atMost(Self.goal)),
        ]
    }

    /// Reads each config some times.
    ///
    /// - Returns: the CPU seconds of one reading, and the memory above the idle plugin in MiB.
    func run(_ config: (_ number: Int) -> String) throws -> (seconds: Double, memory: Double) {
        // The first round makes connections and fills caches.
        try round(config)
        let before = try ProcessTimes.cpuSeconds(of: plugin.processIdentifier)
        for _ in 1...Self.rounds { try round(config) }
        let seconds = try ProcessTimes.cpuSeconds(of: plugin.processIdentifier) - before
        return (
            seconds / Double(Self.rounds * Self.scalers),
            ProcessTimes.memory(of: plugin.processIdentifier).proportional - idle
        )
    }

    /// Reads each config once.
    private func round(_ config: (_ number: Int) -> String) throws {
        for number in 0..<Self.scalers {
            try plugin.send(
                "get_metric_value",
                #"{"type":"\#(type)","config":\#(config(number)),"targetType":"\#(targetType)","deadlineMs":10000}"#)
            if number >= maxInFlight - 1 { try plugin.receiveValue() }
        }
        for _ in 1..<maxInFlight { try plugin.receiveValue() }
    }
}
