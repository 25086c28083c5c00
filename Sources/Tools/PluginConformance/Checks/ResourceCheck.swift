import PluginProtocol
import WireFormats

/// Checks whether memory and open files grow with the number of calls.
enum ResourceCheck {
    static func openFiles(_ context: CheckContext) throws(Stop) {
        let session = try context.session()
        try call(context)
        let first = session.process.resourceUse
        let end = ContinuousClock.now + ConformanceLimits.manyCallsTime
        var calls = 0
        while calls < ConformanceLimits.resourceCalls, ContinuousClock.now < end, !session.isOver {
            try call(context)
            calls += 1
        }
        guard calls >= ConformanceLimits.minResourceCalls, let first, let last = session.process.resourceUse else {
            throw .skip(
                "\(calls) calls in \(Conversation.text(ConformanceLimits.manyCallsTime)) are too few to measure growth")
        }
        if last.openFiles > first.openFiles + ConformanceLimits.maxOpenFileGrowth {
            context.note(
                .boundedResources, "\(last.openFiles - first.openFiles) more files are open after \(calls) calls",
                fix: "close what a call opens, also if the call fails, or keep one connection for all calls")
        }
    }

    /// Makes calls for as long as memory grows with each batch. If a batch adds nothing, there is no leak: a
    /// garbage-collected heap grows only until the next collection.
    static func memory(_ context: CheckContext) throws(Stop) {
        let session = try context.session()
        for _ in 0..<ConformanceLimits.memoryWarmUpCalls { try call(context) }
        guard let first = session.process.resourceUse else { return }
        let end = ContinuousClock.now + ConformanceLimits.memoryTime
        var growth = MemoryGrowth(first)
        while growth.calls < ConformanceLimits.maxMemoryCalls, ContinuousClock.now < end, !session.isOver {
            var calls = 0
            while calls < ConformanceLimits.memoryBatchCalls, ContinuousClock.now < end {
                try call(context)
                calls += 1
            }
            guard let use = session.process.resourceUse else { return }
            growth.add(use, calls: calls)
            if !growth.goesOn { return }
            if growth.isLeak { break }
        }
        guard growth.isLeak || growth.isSlowLeak else { return }
        context.note(
            .boundedResources,
            "its memory grew by \(growth.bytes >> 10) KiB in \(growth.calls) calls, \(growth.bytesPerCall >> 10) KiB a call, "
                + "and did not stop",
            fix: "release what a call used once it is answered; limit caches, and lists that every call adds to")
    }

    private static func call(_ context: CheckContext) throws(Stop) {
        _ = try context.call(.getMetricValue, context.valueParams(context.goodConfig()))
    }
}

/// The growth of a plugin's memory over batches of calls.
struct MemoryGrowth {
    private let first: ResourceUse
    private var last: ResourceUse
    private(set) var calls = 0
    private var privateGoesOn = true
    private var dataGoesOn = true

    init(_ first: ResourceUse) {
        self.first = first
        last = first
    }

    mutating func add(_ use: ResourceUse, calls: Int) {
        let least = ConformanceLimits.minBatchGrowth * calls / ConformanceLimits.memoryBatchCalls
        privateGoesOn = privateGoesOn && use.privateBytes - last.privateBytes >= least
        dataGoesOn = dataGoesOn && use.dataBytes - last.dataBytes >= least
        last = use
        self.calls += calls
    }

    /// Whether every batch so far has added memory, resident or only allocated.
    var goesOn: Bool { privateGoesOn || dataGoesOn }

    var bytes: Int {
        max(
            privateGoesOn ? last.privateBytes - first.privateBytes : 0,
            dataGoesOn ? last.dataBytes - first.dataBytes : 0)
    }

    var bytesPerCall: Int { calls > 0 ? bytes / calls : 0 }
    var isLeak: Bool { goesOn && bytes > ConformanceLimits.maxMemoryGrowth }
    var isSlowLeak: Bool {
        goesOn && bytes > ConformanceLimits.maxSlowMemoryGrowth && bytesPerCall > ConformanceLimits.maxGrowthPerCall
    }
}
