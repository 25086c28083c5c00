import CHiredis

/// Parses replies with hiredis's parser. Used by one thread at a time.
final class ReplyReader {
    enum Failure: Error {
        case notRedis(String)
        case excess(ReplyBudget.Excess)
    }

    /// Owned; freed with this object.
    private let reader: UnsafeMutablePointer<redisReader>
    /// The reader holds an unowned pointer to it; it lives as long as this object.
    private let budget: ReplyBudget

    init(_ budget: ReplyBudget = ReplyBudget()) {
        self.budget = budget
        guard let reader = redisReaderCreateWithFunctions(BoundedReplies.functions) else {
            preconditionFailure("redisReaderCreate failed: out of memory")
        }
        self.reader = reader
        reader.pointee.privdata = Unmanaged.passUnretained(budget).toOpaque()
    }

    deinit { redisReaderFree(reader) }

    /// Resets the budget, because earlier data is no longer in memory.
    func reset() { budget.reset() }

    /// - Throws: ``Failure/excess(_:)`` if the replies exceed the limit; their bytes are dropped.
    func feed(_ bytes: ArraySlice<UInt8>) throws(Failure) {
        guard budget.take(bytes: bytes.count) else { throw .excess(budget.excess ?? .tooLarge) }
        bytes.withUnsafeBytes { bytes in
            _ = redisReaderFeed(reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
    }

    /// Returns the next complete reply, or nil if bytes are missing.
    func next() throws(Failure) -> RedisReply? {
        var reply: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &reply) == REDIS_OK else {
            if let excess = budget.excess { throw .excess(excess) }
            // hiredis's message repeats one byte of the input.
            throw .notRedis(
                withUnsafeBytes(of: reader.pointee.errstr) { text in
                    String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        guard let reply else { return nil }
        defer { freeReplyObject(reply) }
        return RedisReply(reply.assumingMemoryBound(to: redisReply.self).pointee)
    }
}

/// hiredis's functions that create replies, except for arrays: hiredis allocates memory for as many elements as a
/// server announces, up to 16 GiB per array, in any number of arrays.
private enum BoundedReplies {
    /// Never changed after its creation and never freed, because hiredis reads it from any thread.
    nonisolated(unsafe) static let functions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
        let functions = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        functions.initialize(to: standard)
        functions.pointee.createArray = { task, count in
            // hiredis interprets nil as out of memory, and the connection is closed.
            guard let budget = task?.pointee.privdata, count >= 0,
                Unmanaged<ReplyBudget>.fromOpaque(budget).takeUnretainedValue().take(elements: Int(count))
            else { return nil }
            return standard.createArray(task, count)
        }
        return functions
    }()

    /// Never changed after its creation.
    private static let standard: redisReplyObjectFunctions = {
        guard let reader = redisReaderCreate() else { preconditionFailure("redisReaderCreate failed: out of memory") }
        defer { redisReaderFree(reader) }
        return reader.pointee.fn.pointee
    }()
}
