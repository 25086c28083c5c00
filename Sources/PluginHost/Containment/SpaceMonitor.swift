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

    mutating func record(_ now: Space) {
        most = Space(bytes: max(most.bytes, now.bytes), inodes: max(most.inodes, now.inodes))
        last = now
    }

    /// Records that the files were summed: losses count from now on.
    mutating func filesWereSummed() { most = last }

    /// Returns whether the space has fallen by a notable part of the limit since the files were last summed.
    ///
    /// - Parameter limit: the smallest limit of a directory in bytes.
    func hasLost(limit: UInt64) -> Bool {
        let least = limit / PluginHostLimits.spaceChecksPerLimit
        return most.bytes - last.bytes >= max(1, least)
            || most.inodes - last.inodes >= max(1, least / PluginHostLimits.bytesPerEntry)
    }
}
