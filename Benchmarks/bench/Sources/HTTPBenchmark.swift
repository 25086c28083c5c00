import WireFormats

/// 1,000 scalers that each read another JSON document of one HTTP server.
struct HTTPBenchmark: Benchmark {
    let name = "http"

    func run() async throws -> [Measurement] {
        let answers = (0..<PluginLoad.scalers).map { number in
            ("/queues/\(number)", ["name": "orders", "messages": .integer(Int64(number))] as JSON)
        }
        let (server, address) = try AnswerProcess.start(Dictionary(uniqueKeysWithValues: answers))
        defer { withExtendedLifetime(server) {} }
        let load = try PluginLoad(type: "http", plugin: "http", maxInFlight: 32)
        return try load.measure(name, library: "libcurl") { number in
            #"{"url":"\#(address)/queues/\#(number)","jsonPath":"$.messages"}"#
        } secondsPerReading: {
            try GetLoop.secondsPerReading("\(address)/queues/")
        }
    }
}
