import PluginSDK
import SourceSupport
import Testing

@testable import generalscaler_plugin_postgresql

/// The calls of one database, without a server.
@Suite(.timeLimit(.minutes(2))) struct LaneTests {
    private static let limit = PostgresLimits.maxConnectionsPerDatabase

    private let lanes = Lanes()
    private let overdue = OverdueCalls()

    private func endpoint(_ database: String = "d") throws -> PostgresEndpoint {
        let fields = #""address": "127.0.0.1", "database": "\#(database)", "username": "u", "query": "SELECT 1""#
        return try PostgresEndpoint(PostgresConfig(parsing: "{\(fields)}"), files: NoFiles())
    }

    private func call(in lane: Lane, _ timeLeft: Duration = .seconds(60)) -> QueryCall {
        QueryCall(timeLeft: timeLeft, until: .now + timeLeft, in: lane)
    }

    /// Fills the lane, and returns the calls that run.
    private func fill(_ lane: Lane) async throws -> [QueryCall] {
        let calls = (0..<Self.limit).map { _ in call(in: lane) }
        for call in calls { try await lane.enter(call, endedBy: overdue) }
        return calls
    }

    /// Starts a call, and returns once it waits.
    private func wait(_ call: QueryCall, after earlier: Int = 0) async -> Task<PluginError.Kind?, Never> {
        let task = Task { () -> PluginError.Kind? in
            do throws(PostgresFailure) {
                try await call.lane.enter(call, endedBy: overdue)
                return nil
            } catch {
                return error.error.kind
            }
        }
        while call.lane.waiting == earlier { await Task.yield() }
        return task
    }

    @Test("a call that is cancelled while it waits takes no place, and the next one gets it")
    func cancelledCallTakes() async throws {
        let lane = lanes.lane(of: try endpoint())
        let running = try await fill(lane)
        let cancelled = await wait(call(in: lane))
        let next = call(in: lane)
        let nextTask = await wait(next, after: 1)
        cancelled.cancel()
        #expect(await cancelled.value == .cancelled)
        #expect(lane.waiting == 1)
        lane.leave(running[0])
        #expect(await nextTask.value == nil)
        for call in running.dropFirst() + [next] { lane.leave(call) }
        _ = try await fill(lane)
        #expect(lane.waiting == 0)
    }

    @Test("a call that waits until its limit ends with an error that says so")
    func callWaitsLimit() async throws {
        let lane = lanes.lane(of: try endpoint())
        _ = try await fill(lane)
        let error = await #expect(throws: PostgresFailure.self) {
            try await lane.enter(call(in: lane, .milliseconds(30)), endedBy: overdue)
        }
        #expect(error?.error.kind == .deadlineExceeded)
        #expect(error?.error.message.contains("waiting for a connection") == true)
        #expect(lane.waiting == 0)
    }

    @Test("a place is free only when the thread that works for the call has ended too")
    func placeFreeThread() async throws {
        let lane = lanes.lane(of: try endpoint())
        let running = try await fill(lane)
        running[0].retainPlace()
        lane.leave(running[0])
        let next = await wait(call(in: lane))
        #expect(lane.waiting == 1)
        lane.leave(running[0])
        #expect(await next.value == nil)
    }

    @Test("equal endpoints have one lane for as long as it is used")
    func equalEndpointsLane() throws {
        let lane = lanes.lane(of: try endpoint())
        #expect(lanes.lane(of: try endpoint()) === lane)
        #expect(lanes.lane(of: try endpoint("other")) !== lane)
        #expect(lanes.count == 2)
        // The one that nothing refers to is forgotten.
        _ = lanes.lane(of: try endpoint("third"))
        #expect(lanes.count == 2)
    }
}
