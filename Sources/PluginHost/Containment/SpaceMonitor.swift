/// Finds out when the file system of the temporary directories has lost so much space that a directory may have reached
/// its limit.
///
/// Others use the file system too. In a cluster it is the node's, which loses some space all the time.
struct SpaceMonitor {
    struct Space: Sendable, Hashable {
        var bytes: UInt64
        var inodes: UInt64
    }

    private var most = Space(bytes: 0, inodes: 0)
    private var last = Space(bytes: 0, inodes: 0)
    private var isKnown = false
    private var sweepsSinceSum = PluginHostLimits.sweepsPerFileSum

    /// - Parameter now: nil if the space is unknown.
    mutating func record(_ now: Space?) {
        isKnown = now != nil
        guard let now else { return }
        most = Space(bytes: max(most.bytes, now.bytes), inodes: max(most.inodes, now.inodes))
        last = now
    }

    /// Returns whether the files have to be summed in a sweep. Losses count from that sum on.
    ///
    /// - Parameters:
    ///   - isFull: whether it is one of the regular sweeps.
    ///   - limit: the smallest limit of a directory in bytes.
    mutating func isSumDue(inFullSweep isFull: Bool, limit: UInt64) -> Bool {
        if isFull { sweepsSinceSum += 1 }
        let isRegularSumDue = !isKnown || sweepsSinceSum >= PluginHostLimits.sweepsPerFileSum
        guard hasLost(limit: limit) || (isFull && isRegularSumDue) else { return false }
        most = last
        sweepsSinceSum = 0
        return true
    }

    /// Makes the next full sweep sum the files.
    mutating func requireSum() { sweepsSinceSum = PluginHostLimits.sweepsPerFileSum }

    /// Returns whether the space has fallen by a notable part of the limit since the files were last summed.
    ///
    /// - Parameter limit: the smallest limit of a directory in bytes.
    func hasLost(limit: UInt64) -> Bool {
        guard isKnown else { return false }
        let least = limit / PluginHostLimits.spaceChecksPerLimit
        return most.bytes - last.bytes >= max(1, least)
            || most.inodes - last.inodes >= max(1, least / PluginHostLimits.bytesPerEntry)
    }
}
