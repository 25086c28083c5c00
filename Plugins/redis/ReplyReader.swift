import CHiredis

/// Makes replies of the bytes that come in: a thin shell over hiredis's parser. Used by one thread at a time.
final class ReplyReader {
    struct NotRedis: Error {
        let reason: String
    }

    /// Owned; freed with this object.
    private let reader: UnsafeMutablePointer<redisReader>

    init() {
        guard let reader = redisReaderCreateWithFunctions(BoundedReplies.functions) else {
            preconditionFailure("redisReaderCreate failed: out of memory")
        }
        self.reader = reader
    }

    deinit { redisReaderFree(reader) }

    func feed(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { bytes in
            _ = redisReaderFeed(reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
    }

    /// The next whole reply, or nil where bytes are still missing.
    func next() throws(NotRedis) -> RedisReply? {
        var reply: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &reply) == REDIS_OK else {
            // Of what came in, hiredis repeats one byte.
            throw NotRedis(
                reason: withUnsafeBytes(of: reader.pointee.errstr) { text in
                    String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        guard let reply else { return nil }
        defer { freeReplyObject(reply) }
        return RedisReply(reply.assumingMemoryBound(to: redisReply.self).pointee)
    }
}

/// hiredis's own makers of replies, but for arrays: it sets memory aside for as many elements as a server announces,
/// up to 16 GiB.
private enum BoundedReplies {
    /// Never changed once it is made, and never freed: hiredis reads it from any thread.
    nonisolated(unsafe) static let functions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
        let functions = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        functions.initialize(to: standard)
        functions.pointee.createArray = { task, count in
            // hiredis takes nil as "out of memory", and the connection is given up.
            count <= RedisLimits.maxReplyElements ? standard.createArray(task, count) : nil
        }
        return functions
    }()

    /// Never changed once it is made.
    private static let standard: redisReplyObjectFunctions = {
        guard let reader = redisReaderCreate() else { preconditionFailure("redisReaderCreate failed: out of memory") }
        defer { redisReaderFree(reader) }
        return reader.pointee.fn.pointee
    }()
}
