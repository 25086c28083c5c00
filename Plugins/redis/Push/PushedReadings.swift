import PluginSDK

/// The readings of a measurement as its keys change: the first at once, and none sooner than a while after the last.
///
/// It ends, with an error, if the server is lost or no longer gives the value: the host subscribes again.
struct PushedReadings: AsyncSequence, Sendable {
    let changes: KeyspaceListener.Changes
    let read: @Sendable () async throws -> MetricReading

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var changes: KeyspaceListener.Changes.Iterator
        fileprivate let read: @Sendable () async throws -> MetricReading
        fileprivate var lastRead: ContinuousClock.Instant?

        mutating func next() async throws -> MetricReading? {
            while true {
                if let lastRead {
                    guard try await changes.next(isolation: #isolation) != nil else { return nil }
                    try await Task.sleep(until: lastRead + RedisLimits.pushSpacing, clock: .continuous)
                }
                lastRead = .now
                do {
                    return try await read()
                } catch let error as PluginError where error.kind == .noData {
                    // There will be a change when there is something.
                    continue
                }
            }
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(changes: changes.makeAsyncIterator(), read: read) }
}
