import PluginSDK
import Testing

@testable import generalscaler_plugin_kafka

@Suite struct GroupLagTests {
    private func partition(
        _ number: Int32, committed: Int64?, end: Int64, beginning: Int64? = nil
    ) -> PartitionOffsets {
        PartitionOffsets(
            partition: TopicPartition(topic: "orders", number: number), committed: committed, end: end,
            beginning: beginning)
    }

    private func value(_ all: [PartitionOffsets], _ policy: CommitPolicy) throws -> Double {
        try GroupLag(all, policy: policy, group: "g").reading().value
    }

    @Test("lag is the number of messages after the committed offsets, however large")
    func lagNumberMessages() throws {
        let all = [
            partition(0, committed: 17, end: 20), partition(1, committed: 0, end: 0),
            partition(2, committed: 0, end: .max), partition(3, committed: 0, end: .max),
        ]
        #expect(try value(Array(all.prefix(2)), .noData) == 3)
        #expect(try value(all, .noData) == 0x1p64)
    }

    @Test(
        "a partition without a commit counts as the config sets",
        arguments: [(CommitPolicy.earliest, 3.0 + 13), (.latest, 3)])
    func partitionCommitCounts(policy: CommitPolicy, sum: Double) throws {
        let all = [partition(0, committed: 17, end: 20), partition(1, committed: nil, end: 30, beginning: 17)]
        #expect(try value(all, policy) == sum)
    }

    @Test("the partitions with lag limit the replicas if the config says so, unless there are none")
    func partitionsLagLimit() throws {
        let all = [
            partition(0, committed: 17, end: 20), partition(1, committed: 5, end: 5),
            partition(2, committed: 0, end: 1),
        ]
        let lag = try GroupLag(all, policy: .noData, group: "g")
        #expect(lag.reading(isLimited: true).usefulReplicas == 2)
        #expect(lag.reading().usefulReplicas == nil)
        #expect(lag.reading(persistent: [all[0].partition], isLimited: true).usefulReplicas == 2)
        let done = try GroupLag([all[1]], policy: .noData, group: "g")
        #expect(done.reading(isLimited: true).usefulReplicas == nil)
    }

    @Test("a committed offset after the end counts as a missing commit")
    func committedOffsetEnd() throws {
        let all = [partition(0, committed: 17, end: 20), partition(1, committed: 31, end: 30, beginning: 17)]
        #expect(try value(all, .earliest) == 16)
        #expect(throws: KafkaFailure.self) { try value(all, .noData) }
    }

    @Test("an empty partition without a commit does not make the lag no data")
    func emptyPartitionCommit() throws {
        let all = [partition(0, committed: 17, end: 20), partition(1, committed: nil, end: 30, beginning: 30)]
        #expect(try value(all, .noData) == 3)
        let failure = #expect(throws: KafkaFailure.self) { try value(Array(all.suffix(1)), .noData) }
        #expect(failure?.error.kind == .noData)
    }

    @Test("a partition whose commit stands still counts as 1, and in full once the commit moves")
    func partitionCommitStands() throws {
        let memory = CommitMemory()
        let start = ContinuousClock.now
        func persistent(_ all: [PartitionOffsets], after seconds: Double) throws -> Double {
            let lag = try GroupLag(all, policy: .earliest, group: "g")
            return lag.reading(
                persistent: memory.persistent(
                    all, lag, cluster: "k", group: "g", age: .seconds(60), now: start + .seconds(seconds))
            ).value
        }
        let stuck = [partition(0, committed: 17, end: 20), partition(1, committed: 5, end: 5)]
        #expect(try persistent(stuck, after: 0) == 3)
        #expect(
            try persistent([partition(0, committed: 17, end: 90), partition(1, committed: 5, end: 7)], after: 59.999)
                == 75)
        #expect(
            try persistent([partition(0, committed: 17, end: 91), partition(1, committed: 5, end: 7)], after: 60) == 3)
        // Without lag it starts again.
        #expect(
            try persistent([partition(0, committed: 91, end: 91), partition(1, committed: 7, end: 7)], after: 61) == 0)
        #expect(memory.count == 0)
        #expect(
            try persistent([partition(0, committed: 91, end: 95), partition(1, committed: 7, end: 7)], after: 200) == 4)
    }

    @Test("the memory of commits is bounded, and a forgotten partition counts in full")
    func memoryCommitsBounded() throws {
        let memory = CommitMemory()
        let start = ContinuousClock.now
        for group in 0..<(KafkaLimits.maxRememberedPartitions / 1_000 + 3) {
            let all = (0..<1_000).map { partition($0, committed: 1, end: 3) }
            let lag = try GroupLag(all, policy: .earliest, group: "g")
            _ = memory.persistent(
                all, lag, cluster: "k", group: "g\(group)", age: .seconds(1), now: start + .seconds(group))
            #expect(memory.count <= KafkaLimits.maxRememberedPartitions)
        }
        let first = [partition(0, committed: 1, end: 3)]
        let lag = try GroupLag(first, policy: .earliest, group: "g")
        #expect(
            memory.persistent(first, lag, cluster: "k", group: "g0", age: .seconds(1), now: start + .seconds(9_999))
                == [])
    }
}
