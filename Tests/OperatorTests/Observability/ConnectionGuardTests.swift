import NIOCore
import NIOEmbedded
import Testing

@testable import Operator

@Suite("The connection guard")
struct ConnectionGuardTests {
    private static let limits = ConnectionLimits(
        connections: 3, largeResponses: 2, idleTime: .seconds(10), exchangeTime: .seconds(30), headerBytes: 1_000)

    private let table = OpenConnections(limits)

    /// Returns a connection that was just opened.
    private func connection() throws -> (EmbeddedChannel, ConnectionGuard) {
        let channel = EmbeddedChannel()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let guardian = ConnectionGuard(table)
        try channel.pipeline.syncOperations.addHandler(guardian)
        return (channel, guardian)
    }

    @Test("a connection without a complete request is closed after the idle time, regardless of the bytes that arrive")
    func header() throws {
        let (channel, _) = try connection()
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(9_999))
        try channel.writeInbound(ByteBuffer(string: "GET /heal"))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(!channel.isActive)
        #expect(table.count == 0)
    }

    @Test("a client that does not read its response is disconnected after the exchange time")
    func unread() throws {
        let (channel, guardian) = try connection()
        channel.embeddedEventLoop.advanceTime(by: .seconds(7))
        guardian.requestBegan(isLarge: false)
        channel.write(ByteBuffer(string: "part"), promise: nil)
        guardian.responseWasWritten()
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(29_999))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(!channel.isActive)
    }

    @Test("the connection of a request that is never answered is closed after the exchange time")
    func unanswered() throws {
        let (channel, guardian) = try connection()
        guardian.requestBegan(isLarge: false)
        channel.embeddedEventLoop.advanceTime(by: .seconds(29))
        // A body that arrives slowly does not extend the deadline.
        try channel.writeInbound(ByteBuffer(string: "x"))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test("the idle time of a connection restarts once the client has read the complete response")
    func keptAlive() throws {
        let (channel, guardian) = try connection()
        for _ in 0..<3 {
            guardian.requestBegan(isLarge: false)
            channel.write(ByteBuffer(string: "head"), promise: nil)
            channel.write(ByteBuffer(string: "body"), promise: nil)
            guardian.responseWasWritten()
            channel.embeddedEventLoop.advanceTime(by: .seconds(20))
            channel.flush()
            channel.embeddedEventLoop.advanceTime(by: .seconds(9))
            #expect(channel.isActive)
        }
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test("a connection beyond the bound displaces the one that has been idle longest")
    func displacesIdle() throws {
        let (first, busy) = try connection()
        let (second, _) = try connection()
        let (third, _) = try connection()
        busy.requestBegan(isLarge: false)
        let (fourth, _) = try connection()
        #expect(first.isActive && !second.isActive && third.isActive && fourth.isActive)
        #expect(table.count == 3)
        busy.responseWasWritten()
        _ = try connection()
        #expect(first.isActive && !third.isActive && fourth.isActive)
    }

    @Test("a connection beyond the bound displaces the one that has been busy longest if all are busy")
    func displacesBusy() throws {
        let connections = try (0..<3).map { _ in try connection() }
        for index in [1, 0, 2] { connections[index].1.requestBegan(isLarge: false) }
        _ = try connection()
        #expect(connections.map(\.0.isActive) == [true, false, true])
    }

    @Test("a large response beyond the bound displaces the oldest large response and no other connection")
    func displacesLarge() throws {
        let connections = try (0..<3).map { _ in try connection() }
        connections[2].1.requestBegan(isLarge: true)
        connections[0].1.requestBegan(isLarge: true)
        connections[1].1.requestBegan(isLarge: false)
        #expect(connections.map(\.0.isActive) == [true, true, true])
        connections[1].1.responseWasWritten()
        connections[1].1.requestBegan(isLarge: true)
        #expect(connections.map(\.0.isActive) == [true, true, false])
    }
}
