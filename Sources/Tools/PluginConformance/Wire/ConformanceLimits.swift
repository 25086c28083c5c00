/// The limits of the conformance suite, in addition to those of the protocol.
package enum ConformanceLimits {
    // MARK: Time

    /// The tolerance on times in the protocol, because the machine may be loaded.
    static let slack: Duration = .milliseconds(500)
    /// How long to wait for an answer after its deadline, to distinguish a late answer from a missing one.
    static let lateWindow: Duration = .seconds(3)
    /// How often this wait is repeated for a line that is still growing.
    static let maxLateWindows = 10
    /// How long a plugin may take to exit after SIGTERM.
    static let terminateGrace: Duration = .seconds(3)
    /// How long standard output may stay open once the process has exited.
    static let outputEndGrace: Duration = .milliseconds(500)
    /// How long to wait for unsolicited answers.
    static let quietTime: Duration = .milliseconds(50)
    /// How long to wait for a program that another process has open for writing.
    static let busyFileTime: Duration = .seconds(2)
    static let busyFileRetryMicroseconds: UInt32 = 10_000
    /// How long killed processes may take to exit.
    static let killGrace: Duration = .seconds(3)
    /// How long is read for if only what has already come is wanted.
    static let readTime: Duration = .milliseconds(1)
    /// The time for checks with many calls.
    static let manyCallsTime: Duration = .seconds(3)
    /// Time for the calls that memory is watched over, where it grows.
    static let memoryTime: Duration = .seconds(10)
    /// The `deadlineMs` of calls whose source never answers as it should.
    static let badSourceDeadline: Duration = .seconds(2)
    /// The same where a call must not end before the plugin does.
    static let hangingCallDeadline: Duration = .seconds(60)
    /// How long a call has to reach its source.
    static let reachTime: Duration = .seconds(1)
    /// Added to ``badSourceDeadline``: several processes of the plugin run at once.
    static let badSourceSlack: Duration = .seconds(1)
    /// How long a bad source waits for a client that speaks first.
    static let greetingTime: Duration = .milliseconds(200)
    /// Between two bytes of a source that drips.
    static let dripInterval: Duration = .seconds(1)
    /// Between two pieces of a body without end.
    static let floodInterval: Duration = .milliseconds(10)

    // MARK: Bytes

    static let readChunkBytes = 64 << 10
    /// Bytes of standard error that are kept.
    static let maxErrorBytes = 1 << 20
    /// Bytes at the end of standard error in which the reason for the plugin's end is looked for.
    static let errorTailBytes = 8 << 10
    /// Bytes of a line in a report.
    static let maxEvidenceBytes = 160
    /// Bytes of a line of standard error that an interactive session shows.
    static let replLineBytes = 4_096
    /// Bytes of standard error that wait to be shown in one; older ones are dropped.
    static let maxWaitingErrorBytes = 64 << 10
    /// Bytes of a config file.
    package static let maxConfigBytes = 1 << 20
    /// Bytes of a file of `/proc`.
    static let maxProcFileBytes = 1 << 20

    // MARK: Counts

    /// Findings of one rule in a report.
    static let maxFindingsPerRule = 3
    /// Fields of a schema that are tested with a value of the wrong type.
    static let maxFieldsTried = 32
    /// Nested objects of a schema that are searched for secret fields.
    static let maxSchemaDepth = 8
    /// The maximum number of concurrent calls, regardless of `maxInFlight`.
    static let maxCallsAtOnce = 64
    /// Calls whose values are compared with and without the sandbox, where they differ.
    static let comparedCalls = 8
    /// Calls before memory is first measured: buffers, caches and connections are there then.
    static let memoryWarmUpCalls = 20
    /// Calls between two measurements of memory.
    static let memoryBatchCalls = 50
    /// Calls after which a growth says nothing more.
    static let maxMemoryCalls = 4_000
    /// Address fields of a schema that are pointed at a bad source.
    static let maxAddressFields = 4
    /// Connections to one bad source.
    static let maxSourceConnections = 256
    /// Calls after which open files are compared.
    static let resourceCalls = 30
    /// The minimum number of calls in ``manyCallsTime`` to measure growth.
    static let minResourceCalls = 10
    /// Lines of the plugin that an interactive session takes in before it reads its own input again.
    static let replLines = 64
    /// Files and directories that an interactive session looks at to see a change.
    static let maxWatchedFiles = 2_000
    /// Requests of a batch.
    static let batchSize = 3
    /// Readings of one subscription per second: twice what the protocol allows, because a busy machine delivers in
    /// bursts.
    static let maxPushesInSecond = 40
    /// Lines of standard error: the burst, and the sustained rate per second.
    static let logBurstLines = 200
    static let logLinesPerSecond = 50.0

    // MARK: Resources

    /// The allowed growth of open files from the first call to ``resourceCalls``.
    static let maxOpenFileGrowth = 12
    /// Open files that the sandbox allows.
    static let maxOpenFiles = 1_024
    /// Memory that a batch of calls may keep: less is what heaps do.
    static let minBatchGrowth = 1 << 20
    /// Memory that may be more at the end, where it never stopped growing.
    static let maxMemoryGrowth = 192 << 20
    /// The same where calls are too slow for so much, and for each call.
    static let maxSlowMemoryGrowth = 16 << 20
    static let maxGrowthPerCall = 512 << 10
    /// Bytes of a piece of a body without end.
    static let floodBytes = 256 << 10
    /// Bytes of garbage.
    static let garbageBytes = 4_096
    /// Memory that may be taken at any time: what the sandbox allows.
    static let maxMemory = 2 << 30
}
