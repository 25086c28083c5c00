import CHiredis
import Glibc

/// A list of jobs, and for each worker a list of its current jobs.
///
/// BLMOVE moves a job from one to the other in one step, so that it is always in one of the two. Each worker renews a
/// key that expires; the jobs of a worker whose key has expired are returned to the queue. Source of the pattern:
/// https://redis.io/docs/latest/commands/lmove/#pattern-reliable-queue
final class JobQueue {
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// How long one call waits for a job before a signal to stop is checked.
    private static let waitSeconds = "1"

    /// Not nil during the lifetime of this object, which is its only user.
    private let connection: UnsafeMutablePointer<redisContext>
    private let settings: Settings

    init(_ settings: Settings) throws(Fault) {
        guard let connection = redisConnect(settings.host, settings.port) else {
            throw Fault(description: "out of memory")
        }
        guard connection.pointee.err == 0 else {
            defer { redisFree(connection) }
            throw Self.fault(connection, "connecting to \(settings.host):\(settings.port)")
        }
        self.connection = connection
        self.settings = settings
        _ = try command("SADD", workers, settings.name)
    }

    deinit { redisFree(connection) }

    private var workers: String { "\(settings.queue):workers" }
    private func inHand(_ name: String) -> String { "\(settings.queue):in-hand:\(name)" }
    private func alive(_ name: String) -> String { "\(settings.queue):alive:\(name)" }

    func showAlive() throws(Fault) {
        _ = try command("SET", alive(settings.name), "1", "EX", "\(settings.aliveSeconds)")
    }

    /// Returns the next job, or nil if there was none for a while.
    func next() throws(Fault) -> String? {
        try command("BLMOVE", settings.queue, inHand(settings.name), "RIGHT", "LEFT", Self.waitSeconds).first
    }

    func finish(_ job: String) throws(Fault) {
        _ = try command("LREM", inHand(settings.name), "1", job)
    }

    /// Returns the jobs of workers that have ended to the queue. At the start, this includes those of this worker.
    func takeBackAbandoned() throws(Fault) {
        for name in try command("SMEMBERS", workers) {
            let lives = try command("EXISTS", alive(name)).first == "1"
            if lives { continue }
            while try command("LMOVE", inHand(name), settings.queue, "LEFT", "RIGHT").first != nil {}
            if name != settings.name { _ = try command("SREM", workers, name) }
        }
    }

    func leave() throws(Fault) {
        _ = try command("DEL", alive(settings.name))
        _ = try command("SREM", workers, settings.name)
    }

    /// Sends one command, and returns the texts of its reply; an empty list for nil.
    private func command(_ words: String...) throws(Fault) -> [String] {
        let copies = words.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        var arguments = copies.map { UnsafePointer($0) }
        guard
            let reply = redisCommandArgv(connection, Int32(words.count), &arguments, words.map(\.utf8.count))?
                .assumingMemoryBound(to: redisReply.self)
        else { throw Self.fault(connection, words[0]) }
        defer { freeReplyObject(reply) }
        switch reply.pointee.type {
        case REDIS_REPLY_ERROR: throw Fault(description: "\(words[0]): \(Self.text(reply.pointee))")
        case REDIS_REPLY_NIL: return []
        case REDIS_REPLY_INTEGER: return ["\(reply.pointee.integer)"]
        case REDIS_REPLY_ARRAY:
            return UnsafeBufferPointer(start: reply.pointee.element, count: Int(reply.pointee.elements))
                .compactMap { $0.map { Self.text($0.pointee) } }
        default: return [Self.text(reply.pointee)]
        }
    }

    private static func text(_ reply: redisReply) -> String {
        String(decoding: UnsafeRawBufferPointer(start: reply.str, count: Int(reply.len)), as: UTF8.self)
    }

    private static func fault(_ connection: UnsafeMutablePointer<redisContext>, _ doing: String) -> Fault {
        let reason = withUnsafeBytes(of: connection.pointee.errstr) { text in
            String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
        }
        return Fault(description: "\(doing): \(reason)")
    }
}
