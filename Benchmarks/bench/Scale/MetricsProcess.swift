import FoundationEssentials
import Glibc
import Hummingbird
import Logging
import Synchronization
import WireFormats

/// Replaces Prometheus in a separate process: answers each scaler's query with a configured value, and records the
/// time. Controlled through standard input; ends with it.
enum MetricsProcess {
    static let flag = "--metrics"

    private struct State {
        var risen: Set<Int> = []
        /// Whether every answer differs from the last one without changing a decision.
        var isUnsteady = false
        /// Whether values change over time, and decisions with them.
        var isMoving = false
        var random = SystemRandomNumberGenerator()
        var asked: [(microseconds: Int64, index: Int)] = []

        mutating func value(_ index: Int, at microseconds: Int64) -> Double {
            if risen.contains(index) { return ScaleEnvironment.risenValue }
            if isMoving { return ScaleEnvironment.movingValue(index, seconds: microseconds / 1_000_000) }
            return isUnsteady
                ? .random(in: ScaleEnvironment.steadyValues, using: &random) : ScaleEnvironment.restingValue
        }
    }

    /// A series without a past: forecasts then learn from the readings alone.
    private static var emptyHistory: Response {
        let answer = #"{"status":"success","data":{"resultType":"matrix","result":[]}}"#
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(string: answer)))
    }

    static func run() async throws {
        let state = Mutex(State())
        let port = AsyncStream<Int>.makeStream()
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in
                let body = try await request.body.collect(upTo: 1 << 16)
                if request.uri.path.hasSuffix("/query_range") { return Self.emptyHistory }
                guard let index = ScaleEnvironment.index(inForm: String(buffer: body)) else {
                    return Response(status: .badRequest)
                }
                let now = WallClock.microseconds()
                let value = state.withLock { state in
                    state.asked.append((now, index))
                    return state.value(index, at: now)
                }
                let answer = #"""
                    {"status":"success","data":{"resultType":"vector","result":[{"metric":{"app":"\#(ScaleEnvironment.name(index))"},"value":[\#(Double(now) / 1e6),"\#(value)"]}]}}
                    """#
                return Response(
                    status: .ok, headers: [.contentType: "application/json"],
                    body: .init(byteBuffer: ByteBuffer(string: answer)))
            },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.continuation.yield($0.localAddress?.port ?? 0) },
            logger: Logger.none)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await application.run() }
            for await number in port.stream {
                print(number)
                break
            }
            // Reading standard input blocks this thread, which has no other work.
            while let line = readLine() {
                let command = try JSON(parsing: Array(line.utf8))
                let answer: JSON = state.withLock { state in
                    if let rise = command["rise"]?.arrayValue { state.risen = Set(rise.compactMap(\.intValue)) }
                    if let isUnsteady = command["unsteady"]?.boolValue { state.isUnsteady = isUnsteady }
                    if let isMoving = command["moving"]?.boolValue { state.isMoving = isMoving }
                    guard command["take"] != nil else { return [.integer(WallClock.microseconds())] }
                    defer { state.asked = [] }
                    return .array(state.asked.flatMap { [.integer($0.microseconds), .integer(Int64($0.index))] })
                }
                print(answer)
            }
            tasks.cancelAll()
        }
    }
}

/// The process of the Prometheus replacement, as seen by the benchmark.
final class MetricsServer {
    struct Query {
        let microseconds: Int64
        let index: Int
    }

    let address: String
    private let process: LineProcess

    init() throws {
        process = try LineProcess(["/proc/self/exe", MetricsProcess.flag])
        address = "http://127.0.0.1:\(try process.receive())"
    }

    /// Raises the metrics of exactly these scalers from now on.
    ///
    /// - Returns: the time in microseconds since 1970.
    func raise(_ indices: some Sequence<Int>) throws -> Int64 {
        let answer = try ask(["rise": .array(indices.map { .integer(Int64($0)) })])
        return Int64(answer.arrayValue?.first?.intValue ?? 0)
    }

    func setUnsteady(_ isUnsteady: Bool) throws { _ = try ask(["unsteady": .bool(isUnsteady)]) }

    /// Sets whether values change over time, so that scalers follow them.
    func setMoving(_ isMoving: Bool) throws { _ = try ask(["moving": .bool(isMoving)]) }

    /// Returns the queries since the last call, in order.
    func take() throws -> [Query] {
        let numbers = try ask(["take": true]).arrayValue?.map { Int64($0.intValue ?? 0) } ?? []
        return stride(from: 0, to: numbers.count - 1, by: 2).map {
            Query(microseconds: numbers[$0], index: Int(numbers[$0 + 1]))
        }
    }

    private func ask(_ command: JSON) throws -> JSON {
        try process.send("\(command)")
        return try JSON(parsing: Array(try process.receive().utf8))
    }
}
