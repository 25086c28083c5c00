import NIOPosix
import PluginSDK
import SourceSupport
import Synchronization

/// The channels, two for each server and identity at most. A channel has one connection, which is closed while it is idle.
final class ChannelPool: Sendable {
    enum Purpose: Hashable, Sendable {
        case calls
        /// Apart, so that streams up to the server's limit leave requests as many as before.
        case streams
    }

    private struct Key: Hashable {
        let endpoint: ScalerEndpoint
        let purpose: Purpose
    }

    private struct Entry {
        let channel: ScalerChannel
        var lastUse: ContinuousClock.Instant
    }

    /// One thread, because the messages are small. Of the whole process, because a loop that ends before the last connection
    /// is closed is a fatal error.
    private static let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let lookups = WorkerThreads(limit: KedaLimits.maxLookups)
    private let entries = Mutex<[Key: Entry]>([:])

    deinit {
        for entry in entries.withLock(\.values) { entry.channel.close() }
    }

    var count: Int { entries.withLock(\.count) }

    /// Returns the channel, a new one if there is none. If there are too many, the one unused for the longest time is
    /// closed once its requests are answered.
    ///
    /// - Throws: `config_invalid` if the certificates are malformed.
    func channel(to endpoint: ScalerEndpoint, for purpose: Purpose) throws(PluginError) -> ScalerChannel {
        let key = Key(endpoint: endpoint, purpose: purpose)
        var closed: ScalerChannel?
        defer { closed?.close() }
        return try entries.withLock { entries throws(PluginError) in
            if let known = entries[key]?.channel {
                entries[key]?.lastUse = .now
                return known
            }
            if entries.count >= KedaLimits.maxChannels,
                let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                closed = entries.removeValue(forKey: oldest.key)?.channel
            }
            let channel = try ScalerChannel(endpoint, eventLoops: Self.eventLoops, lookups: lookups)
            entries[key] = Entry(channel: channel, lastUse: .now)
            return channel
        }
    }
}
