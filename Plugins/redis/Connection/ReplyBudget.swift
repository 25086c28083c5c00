import Synchronization

/// The memory limit of one connection's replies: small replies at any time, larger ones only on a few connections. Used
/// by one thread at a time.
final class ReplyBudget {
    enum Excess: Error {
        /// Over the limit of any exchange.
        case tooLarge
        /// Over the limit while other exchanges have large replies.
        case busy
    }

    private(set) var excess: Excess?
    private let largeReplies: LargeReplies
    private let mayBeLarge: Bool
    private var bytes = 0
    private var elements = 0
    private var isLarge = false

    /// - Parameter mayBeLarge: whether replies may be larger than those that need no slot.
    init(_ largeReplies: LargeReplies = .ofThisProcess, mayBeLarge: Bool = true) {
        self.largeReplies = largeReplies
        self.mayBeLarge = mayBeLarge
    }

    deinit { reset() }

    /// Resets the budget, because earlier data is no longer in memory.
    func reset() {
        if isLarge { largeReplies.end() }
        isLarge = false
        bytes = 0
        elements = 0
        excess = nil
    }

    func take(bytes count: Int) -> Bool {
        bytes += count
        return isWithinBounds
    }

    /// Counts the elements of an array that the server announces.
    func take(elements count: Int) -> Bool {
        elements = count > RedisLimits.maxReplyElements ? .max : elements + count
        return isWithinBounds
    }

    private var isWithinBounds: Bool {
        if bytes <= RedisLimits.smallReplyBytes, elements <= RedisLimits.smallReplyElements { return true }
        if !mayBeLarge || bytes > RedisLimits.maxReplyBytes || elements > RedisLimits.maxReplyElements {
            excess = .tooLarge
        } else if !isLarge {
            isLarge = largeReplies.begin()
            if !isLarge { excess = .busy }
        }
        return excess == nil
    }
}

/// Counts the exchanges with large replies.
final class LargeReplies: Sendable {
    /// Shared by all connections, because the limit is for the memory of the process.
    static let ofThisProcess = LargeReplies()

    private let count = Mutex(0)

    /// - Returns: false if the limit is reached.
    func begin() -> Bool {
        count.withLock { count in
            guard count < RedisLimits.maxLargeReplies else { return false }
            count += 1
            return true
        }
    }

    func end() { count.withLock { $0 -= 1 } }
}
