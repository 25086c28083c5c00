import Logging

/// Writes plugins' output to the operator's log off the event loop, so that a blocked log does not stall plugins.
final class LogPump: Sendable {
    struct Record: Sendable {
        let plugin: String
        let process: Int32
        let note: PluginNote
    }

    private let records: AsyncStream<Record>
    private let continuation: AsyncStream<Record>.Continuation
    private let logger: Logger

    init(logger: Logger) {
        (records, continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(PluginHostLimits.maxWaitingLogRecords))
        self.logger = logger
    }

    /// Queues a record without blocking. The record is dropped if too many are queued.
    func log(_ record: Record) {
        continuation.yield(record)
    }

    /// Writes records until ``finish()``, and then the remaining ones.
    func run() async {
        for await record in records { write(record) }
    }

    func finish() {
        continuation.finish()
    }

    private func write(_ record: Record) {
        var metadata: Logger.Metadata = ["plugin": "\(record.plugin)", "pid": "\(record.process)"]
        switch record.note {
        case .stderr(let line):
            metadata["line"] = "\(line)"
            logger.info("plugin wrote to stderr", metadata: metadata)
        case .suppressed(let lines):
            metadata["lines"] = "\(lines)"
            logger.warning("plugin logs too fast; lines were dropped", metadata: metadata)
        case .pluginLog(let level, let text):
            metadata["line"] = "\(text)"
            logger.log(
                level: level.flatMap { Logger.Level(rawValue: $0) } ?? .info, "plugin logged", metadata: metadata)
        case .byteOrderMark:
            metadata["rule"] = "\(ProtocolRule.utf8.label)"
            logger.warning("plugin output begins with a byte order mark", metadata: metadata)
        case .withheld(let text):
            metadata["answer"] = "\(text)"
            logger.warning(
                "plugin error withheld from the caller, because the call uses the administrator's credential",
                metadata: metadata)
        case .leftBehind(let what):
            metadata["reason"] = "\(what)"
            logger.warning("failed to remove the plugin's temporary directory", metadata: metadata)
        case .extraAnswer(let id, let isRepeated):
            metadata["id"] = "\(id.map(String.init) ?? "null")"
            metadata["rule"] = "\(ProtocolRule.oneAnswer.label)"
            logger.warning(
                isRepeated
                    ? "dropped a second answer to the same request"
                    : "dropped an answer to a request that the plugin did not get", metadata: metadata)
        case .rejectedLine(let excerpt, let reason):
            metadata["line"] = "\(excerpt)"
            metadata["reason"] = "\(reason)"
            logger.warning("plugin wrote a line to stdout that is not a protocol message", metadata: metadata)
        }
    }
}
