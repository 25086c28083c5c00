import CHiredis

/// A command with its arguments.
struct RedisCommand: Hashable, Sendable {
    let words: [String]
    /// The key that determines the cluster node with the data; nil if any node can answer.
    let key: String?

    init(_ words: String..., key: String? = nil) {
        self.init(words: words, key: key)
    }

    init(words: [String], key: String?) {
        self.words = words
        self.key = key
    }

    /// The bytes to send.
    var encoded: [UInt8] {
        let texts = words.map { Array($0.utf8) }
        let all = texts.flatMap(\.self)
        // hiredis copies the memory, which is valid until the closure ends. The pointer of an empty word is never read.
        return all.withUnsafeBytes { bytes in
            var offset = 0
            var starts: [UnsafePointer<CChar>?] = []
            for text in texts {
                starts.append(
                    (bytes.baseAddress ?? Self.nothing).advanced(by: offset).assumingMemoryBound(to: CChar.self))
                offset += text.count
            }
            var target: UnsafeMutablePointer<CChar>?
            let count = redisFormatCommandArgv(&target, Int32(texts.count), &starts, texts.map(\.count))
            guard let target, count > 0 else { preconditionFailure("redisFormatCommandArgv failed: out of memory") }
            defer { redisFreeCommand(target) }
            return UnsafeRawBufferPointer(start: target, count: Int(count)).map(\.self)
        }
    }

    /// Never dereferenced. Marked unsafe only because the compiler cannot know this.
    nonisolated(unsafe) private static let nothing = UnsafeRawPointer(
        UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))
}
