import CHiredis

/// A server's reply to a command (RESP2).
enum RedisReply: Hashable, Sendable {
    case integer(Int64)
    case text(String)
    case nothing
    case array([RedisReply])
    case error(RedisError)

    /// - Parameter reply: a reply of hiredis, which is read and not retained. Its parser limits the nesting to 9.
    init(_ reply: redisReply) {
        switch reply.type {
        case REDIS_REPLY_INTEGER: self = .integer(reply.integer)
        case REDIS_REPLY_NIL: self = .nothing
        case REDIS_REPLY_ERROR: self = .error(RedisError(Self.text(reply)))
        case REDIS_REPLY_ARRAY:
            let elements = UnsafeBufferPointer(start: reply.element, count: Int(reply.elements))
            self = .array(elements.map { $0.map { RedisReply($0.pointee) } ?? .nothing })
        default: self = .text(Self.text(reply))
        }
    }

    private static func text(_ reply: redisReply) -> String {
        String(decoding: UnsafeRawBufferPointer(start: reply.str, count: Int(reply.len)), as: UTF8.self)
    }

    var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    var integer: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    var array: [RedisReply]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The members of an array of names and values.
    var members: [String: RedisReply] {
        guard let elements = array else { return [:] }
        var members: [String: RedisReply] = [:]
        for index in stride(from: 0, to: elements.count - 1, by: 2) {
            if let name = elements[index].text { members[name] = elements[index + 1] }
        }
        return members
    }

    /// The name of the reply's type in messages.
    var shapeName: String {
        switch self {
        case .integer: "a whole number"
        case .text: "a text"
        case .nothing: "nil"
        case .array: "an array"
        case .error: "an error"
        }
    }
}

/// An error reply: `WRONGTYPE Operation against a key...`.
struct RedisError: Error, Hashable, Sendable {
    /// The first word, in upper case.
    let code: String
    /// The complete text.
    let message: String

    init(_ message: String) {
        self.message = message
        let first = message.prefix { $0 != " " }
        code = first.allSatisfy { $0.isUppercase } ? String(first) : "ERR"
    }
}
