import Logging

/// Adds the operators' log lines to the trace.
///
/// Not thread-safe and sent to other tasks nevertheless: all code of the simulation runs on one thread, see
/// ``JobQueue``.
final class TraceLog: @unchecked Sendable {
    private let timeline: Timeline
    private let trace: Trace

    init(_ timeline: Timeline, _ trace: Trace) {
        self.timeline = timeline
        self.trace = trace
    }

    func add(_ line: String) { trace.add(timeline.now, "log", line) }
}

struct TraceLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info
    private let log: TraceLog

    init(_ log: TraceLog) {
        self.log = log
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let details = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        log.add("\(event.level) \(event.message) \(details)")
    }
}
