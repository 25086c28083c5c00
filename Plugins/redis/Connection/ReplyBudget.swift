import Synchronization

/// How much memory the replies of one connection may take: little at any time, more only while this is one of few
/// connections. Used by one thread at a time.
final class ReplyBudget {
    enum Excess: Error {
        /// More than any exchange may have.
        case tooLarge
        /// More than an exchange may have while others have as much.
        case busy
    }

    private(set) var excess: Excess?
    private let largeReplies: LargeReplies
    private let mayBeLarge: Bool
    private var bytes = 0
    private var elements = 0
    private var isLarge = false

    /// - Parameter mayBeLarge: whether replies may be larger than those that need no turn.
    init(_ largeReplies: LargeReplies = .ofThisProcess, mayBeLarge: Bool = true) {
        self.largeReplies = largeReplies
        self.mayBeLarge = mayBeLarge
    }

    deinit { reset() }

    /// Resets the budget: earlier data is no longer in memory.
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

    /// Of an array that the server announces.
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
    /// The bound is on the memory of the process, so that all of its connections share it.
    static let ofThisProcess = LargeReplies()

    private let count = Mutex(0)

    /// - Returns: false if there are as many as there may be.
    func begin() -> Bool {
        count.withLock { count in
            guard count < RedisLimits.maxLargeReplies else { return false }
            count += 1
            return true
        }
    }

    func end() { count.withLock { $0 -= 1 } }
}
