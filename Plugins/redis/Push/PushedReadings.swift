import PluginSDK

/// The readings of a measurement whenever its keys change: the first immediately, the others at a minimum interval.
///
/// The sequence ends with an error if the connection is lost or the value can no longer be read; the host then
/// subscribes again.
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
                    // A change follows when there is a value.
                    continue
                }
            }
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(changes: changes.makeAsyncIterator(), read: read) }
}
