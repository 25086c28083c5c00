import HTTPTransport
import ServiceLifecycle
import Synchronization

/// Adds jobs for the workers to a list in Redis, and reads the length of the list.
final class DemoJobs: DemoWork {
    static let list = "jobs"
    /// Jobs per second. A worker processes two.
    private static let rates = 1.0...10.0
    private static let delay = 0.05
    private static let tick: Duration = .milliseconds(250)
    private static let timeout: Duration = .seconds(2)
    private static let maxReplyBytes = 4_096

    private let clock: DemoClock
    private let port: Int
    private let state = Mutex((waiting: 0, given: 0))

    init(clock: DemoClock, port: Int) {
        self.clock = clock
        self.port = port
    }

    var waiting: Int { state.withLock(\.waiting) }
    var summary: String { "\(state.withLock(\.given)) jobs given to Redis, \(waiting) left" }

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            let connection = try ByteConnection(
                to: .tcp(host: "127.0.0.1", port: self.port), tls: nil, deadline: .now + Self.timeout)
            var meter = WorkMeter()
            while (try? await Task.sleep(for: Self.tick)) != nil {
                let count = meter.due(rate: self.clock.rate(in: Self.rates, delay: Self.delay))
                let given = self.state.withLock { state in
                    defer { state.given += count }
                    return state.given
                }
                if count > 0 {
                    let jobs = (given..<given + count).map { "job-\($0)" }.joined(separator: " ")
                    _ = try Self.command("LPUSH \(Self.list) \(jobs)", connection)
                }
                let waiting = try Self.command("LLEN \(Self.list)", connection)
                self.state.withLock { $0.waiting = waiting }
            }
        }
    }

    /// Sends a command as one line, and reads its integer reply, such as `:7`.
    private static func command(_ text: String, _ connection: ByteConnection) throws -> Int {
        let deadline = ContinuousClock.now + timeout
        try connection.send(Array("\(text)\r\n".utf8), deadline: deadline)
        var reply: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 256)
        while reply.last != UInt8(ascii: "\n"), reply.count < maxReplyBytes {
            let count = try connection.receive(into: &buffer, deadline: deadline)
            guard count > 0 else { break }
            reply += buffer[..<count]
        }
        let line = String(decoding: reply, as: UTF8.self).split(whereSeparator: \.isNewline).first ?? ""
        guard line.hasPrefix(":"), let number = Int(line.dropFirst()) else {
            throw DemoError("redis answered \"\(line)\" to \(text.prefix(20))")
        }
        return number
    }
}
