import Testing

@testable import PluginHost

@Suite("Free space of the temporary directories")
struct SpaceMonitorTests {
    /// An eighth of it is 393,216 bytes, or 96 entries.
    private static let limit: UInt64 = 3 << 20

    /// - Parameter spaces: the measurements. The files were summed after the first one.
    private static func hasLost(_ spaces: [(bytes: UInt64, inodes: UInt64)], limit: UInt64 = limit) -> Bool {
        var monitor = SpaceMonitor()
        for (index, space) in spaces.enumerated() {
            monitor.record(SpaceMonitor.Space(bytes: space.bytes, inodes: space.inodes))
            if index == 0 { _ = monitor.isSumDue(inFullSweep: true, limit: limit) }
        }
        return monitor.hasLost(limit: limit)
    }

    @Test("the first measurement of free space does not count as a loss")
    func first() {
        var monitor = SpaceMonitor()
        #expect(!monitor.hasLost(limit: Self.limit))
        monitor.record(SpaceMonitor.Space(bytes: 7_000_001, inodes: 10_007))
        #expect(!monitor.hasLost(limit: Self.limit))
    }

    @Test("small losses of free space add up until an eighth of the limit is lost, in bytes or in entries")
    func addsUp() {
        let start: (UInt64, UInt64) = (7_000_001, 10_007)
        #expect(!Self.hasLost([start, (6_900_003, 10_001)]))
        #expect(!Self.hasLost([start, (6_900_003, 10_001), (7_000_001 - 393_215, 10_007 - 95)]))
        #expect(Self.hasLost([start, (6_900_003, 10_001), (7_000_001 - 393_216, 10_007)]))
        #expect(Self.hasLost([start, (7_000_001, 10_007 - 96)]))
    }

    @Test("a loss is measured from the most free space seen, so that files deleted by other programs do not hide it")
    func fromTheMost() {
        #expect(!Self.hasLost([(1_000_003, 503), (9_000_007, 503)]))
        #expect(Self.hasLost([(1_000_003, 503), (9_000_007, 503), (8_600_000, 503)]))
    }

    @Test("losses of free space are measured from the last time the files were summed")
    func reset() {
        var monitor = SpaceMonitor()
        for bytes: UInt64 in [7_000_001, 6_600_000] {
            monitor.record(SpaceMonitor.Space(bytes: bytes, inodes: 10_007))
        }
        #expect(monitor.hasLost(limit: Self.limit))
        let isDue = monitor.isSumDue(inFullSweep: false, limit: Self.limit)
        #expect(isDue)
        monitor.record(SpaceMonitor.Space(bytes: 6_300_001, inodes: 10_007))
        #expect(!monitor.hasLost(limit: Self.limit))
    }

    @Test(
        "the files are summed in the first full sweep and in each tenth after a sum, in every one while the space is unknown"
    )
    func regularSums() {
        var monitor = SpaceMonitor()
        func due(_ isFull: Bool = true) -> Bool { monitor.isSumDue(inFullSweep: isFull, limit: Self.limit) }
        monitor.record(SpaceMonitor.Space(bytes: 7_000_001, inodes: 10_007))
        #expect(!due(false))
        #expect(due())
        #expect((1...21).filter { _ in due() }.count == 2)
        // A loss is summed at once, and the count begins again.
        monitor.record(SpaceMonitor.Space(bytes: 6_500_003, inodes: 10_007))
        #expect(due(false))
        #expect((1...10).map { _ in due() } == Array(repeating: false, count: 9) + [true])
        monitor.record(nil)
        #expect(!due(false) && due() && due())
        monitor.record(SpaceMonitor.Space(bytes: 6_500_003, inodes: 10_007))
        #expect(!due())
        monitor.requireSum()
        #expect(!due(false) && due())
    }

    @Test("with a limit of a few bytes any loss of free space counts, and unchanged space does not")
    func tinyLimit() {
        #expect(!Self.hasLost([(1_001, 11), (1_001, 11)], limit: 5))
        #expect(Self.hasLost([(1_001, 11), (1_000, 11)], limit: 5))
    }
}
