import CKafka
import Glibc
import PluginSDK
import Synchronization

/// The queue of the answers to a client's requests, which is emptied on the thread that runs the calls: librdkafka makes a
/// pipe readable when the first of several answers arrives.
///
/// Unchecked: the queue is only passed to functions of librdkafka, which are safe to call from any thread, until `close`
/// destroys it.
final class AnswerQueue: @unchecked Sendable {
    private struct State {
        var awaited = 0
        var isEmptied = false
    }

    /// The time after which a wait is begun anew.
    private static let waitLimit: Duration = .seconds(60)

    let handle: OpaquePointer
    private let readEnd: Int32
    private let writeEnd: Int32
    private let take: @Sendable (OpaquePointer?) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - take: takes an answer, which is destroyed afterwards.
    init(of client: OpaquePointer, take: @escaping @Sendable (OpaquePointer?) -> Void) throws(KafkaFailure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw KafkaFailure(.sourceUnreachable, "no pipe is left: \(String(cString: strerror(errno)))")
        }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (readEnd, writeEnd) = (ends[0], ends[1])
        self.take = take
        handle = rd_kafka_queue_new(client)
        rd_kafka_queue_io_event_enable(handle, writeEnd, "a", 1)
    }

    deinit {
        Glibc.close(readEnd)
        Glibc.close(writeEnd)
    }

    /// Destroys the queue, after the last answer.
    func close() { rd_kafka_queue_destroy(handle) }

    /// Counts a request whose answer will arrive, and takes it when it does.
    func expectAnswer(_ sockets: any SocketWaits) {
        let isFirst = state.withLock { state in
            state.awaited += 1
            defer { state.isEmptied = true }
            return !state.isEmptied
        }
        if isFirst { sockets.start { [self] in await empty(sockets) } }
    }

    /// Ends when no answer is awaited: librdkafka reports every request's end.
    private func empty(_ sockets: any SocketWaits) async {
        while true {
            _ = await sockets.readiness(of: readEnd, for: Int16(POLLIN), until: .now + Self.waitLimit)
            // Before the queue is emptied: a byte that comes later is of a later answer.
            var bytes: (UInt64, UInt64) = (0, 0)
            while read(readEnd, &bytes, MemoryLayout.size(ofValue: bytes)) == MemoryLayout.size(ofValue: bytes) {}
            var count = 0
            while let event = rd_kafka_queue_poll(handle, 0) {
                take(event)
                rd_kafka_event_destroy(event)
                count += 1
            }
            let isOver = state.withLock { state in
                state.awaited -= count
                if state.awaited == 0 { state.isEmptied = false }
                return state.awaited == 0
            }
            if isOver { return }
        }
    }
}
