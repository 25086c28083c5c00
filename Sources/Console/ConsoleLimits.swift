import NIOCore
import Operator

/// The limits of the console's local server.
enum ConsoleLimits {
    static let connections = ConnectionLimits(
        connections: 64,
        // Event streams: one for each open page.
        largeResponses: 16, idleTime: .seconds(60), exchangeTime: .minutes(10), headerBytes: 16 << 10)
    /// The time for a call to the operator, to the head of its answer.
    static let callTime: Duration = .seconds(10)
    /// Bytes of an answer that is not a stream: 10,000 scalers have about 8 MiB.
    static let answerBytes = 32 << 20
    /// Values of such an answer: 10,000 scalers have about 200,000.
    static let answerNodes = 1 << 20
    /// Bytes of a what-if question: a spec as text, and little more.
    static let requestBytes = 512 << 10
    static let tokenBytes = 32
}
