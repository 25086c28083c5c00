package import Logging
import Synchronization

/// Records log messages, and lets a test wait for one.
package final class CapturedLog: Sendable {
    package struct Record: Sendable {
        package let level: Logger.Level
        package let message: String
        package let metadata: [String: String]
    }

    private struct Waiter: Sendable {
        let id: UInt64
        let count: Int
        let matches: @Sendable (Record) -> Bool
        let continuation: CheckedContinuation<Record, Never>
    }

    private struct State {
        var records: [Record] = []
        var waiters: [Waiter] = []
        var lastID: UInt64 = 0
        var counts: [String: Int] = [:]

        func record(for waiter: Waiter) -> Record? {
            records.lazy.filter(waiter.matches).dropFirst(waiter.count - 1).first
        }
    }

    private let state = Mutex(State())

    package init() {}

    package var records: [Record] { state.withLock { $0.records } }

    /// Returns the number of records with that message.
    package func count(message: String) -> Int { state.withLock { $0.counts[message] ?? 0 } }

    package var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    /// Returns the first, or n-th, past or future record that matches. A cancelled task stops waiting.
    @discardableResult
    package func wait(_ count: Int = 1, for matches: @escaping @Sendable (Record) -> Bool) async -> Record {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waiter = Waiter(id: id, count: count, matches: matches, continuation: continuation)
                let found = state.withLock { state -> Record? in
                    if Task.isCancelled { return Self.cancelled }
                    let found = state.record(for: waiter)
                    if found == nil { state.waiters.append(waiter) }
                    return found
                }
                if let found { continuation.resume(returning: found) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume(returning: Self.cancelled)
        }
    }

    private static let cancelled = Record(level: .critical, message: "the wait was cancelled", metadata: [:])

    /// Returns the first, or n-th, past or future record with that message.
    @discardableResult
    package func wait(_ count: Int = 1, message: String) async -> Record { await wait(count) { $0.message == message } }

    private func add(_ record: Record) {
        let satisfied = state.withLock { state in
            state.records.append(record)
            state.counts[record.message, default: 0] += 1
            let waiters = state.waiters
            state.waiters = waiters.filter { state.record(for: $0) == nil }
            return waiters.compactMap { waiter in state.record(for: waiter).map { (waiter, $0) } }
        }
        for (waiter, record) in satisfied { waiter.continuation.resume(returning: record) }
    }

    private struct Handler: LogHandler {
        let log: CapturedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let merged = metadata.merging(event.metadata ?? [:]) { $1 }
            log.add(
                Record(level: event.level, message: "\(event.message)", metadata: merged.mapValues { "\($0)" }))
        }
    }
}

extension Logger {
    /// A logger for logs that a test ignores.
    package static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
