import CPostgres
import Glibc
import PluginSDK
import SourceSupport

/// A connection over which queries go, with the user and the database of its endpoint.
///
/// Unchecked: one call at a time uses it, and the ``ConnectionPool`` hands it from one to the next.
final class PostgresConnection: @unchecked Sendable {
    let lane: Lane
    let place: String
    /// libpq's, finished with this object.
    let handle: OpaquePointer
    /// Whether the last query left the connection as it was before.
    var isReusable = false
    /// How often the server sent something since the count began.
    private var arrivals = 0
    /// What came after the first of them, which is at most what fits the socket's buffer. Of a Unix socket, at least what was
    /// there each time that it was read.
    private var receivedBytes = 0
    private var bytesBefore = 0

    /// Connects to the first server that answers. Each server has its share of the time, and each address of its name.
    static func open(_ call: QueryCall) throws(PostgresFailure) -> PostgresConnection {
        let endpoint = call.lane.endpoint
        var last = PostgresFailure.unreachable("no server")
        for (index, server) in endpoint.servers.enumerated() {
            let timeOfServer = call.timeLeft / (endpoint.servers.count - index)
            let end = ContinuousClock.now + timeOfServer
            do throws(PostgresFailure) {
                let targets = try DialTarget.all(of: server, peers: endpoint.peers, call)
                for (index, target) in targets.enumerated() {
                    let limit = ContinuousClock.now + max(.zero, end - .now) / (targets.count - index)
                    do throws(PostgresFailure) {
                        return try PostgresConnection(to: target, call, until: limit)
                    } catch {
                        guard error.mayTryNext, !call.isInterrupted else { throw error }
                        last = error
                    }
                }
            } catch {
                guard error.mayTryNext, !call.isInterrupted else { throw error }
                last = error
            }
        }
        throw call.timeLeft == .zero ? PostgresFailure(call.overdue) : last
    }

    private init(
        to target: DialTarget, _ call: QueryCall, until limit: ContinuousClock.Instant
    ) throws(PostgresFailure) {
        lane = call.lane
        let endpoint = lane.endpoint
        place = target.place.description
        let files = try CertificateFiles(endpoint)
        guard let handle = ConnectionSettings(endpoint, target, files).start() else {
            preconditionFailure("PQconnectStartParams failed: out of memory")
        }
        self.handle = handle
        // So that the text of a failure has the SQLSTATE, for which libpq has no function before there is a connection.
        PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
        cpostgres_ignore_notices(handle)
        call.enter(.connecting(place: place))
        try connect(call, until: limit)
        PQsetnonblocking(handle, 1)
    }

    deinit { PQfinish(handle) }

    private func connect(_ call: QueryCall, until limit: ContinuousClock.Instant) throws(PostgresFailure) {
        var next = PQstatus(handle) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING
        var phase = PQstatus(handle)
        while next != PGRES_POLLING_OK {
            guard next != PGRES_POLLING_FAILED else { throw .noConnection(self, in: phase) }
            try wait(for: next == PGRES_POLLING_READING ? POLLIN : POLLOUT, call, until: limit)
            phase = PQstatus(handle)
            next = PQconnectPoll(handle)
        }
    }

    /// Blocks the thread until the server sends, or takes, more.
    private func wait(
        for events: Int32, _ call: QueryCall, until limit: ContinuousClock.Instant
    ) throws(PostgresFailure) {
        guard let ready = call.wait(PQsocket(handle), for: events, until: limit) else {
            if call.isInterrupted || call.timeLeft == .zero { throw PostgresFailure(call.overdue) }
            throw .unreachable("\(place) did not answer in its share of the time")
        }
        if ready & POLLIN != 0 { try countArrival() }
    }

    private func countArrival() throws(PostgresFailure) {
        arrivals += 1
        // Most answers are one.
        guard arrivals > 1 else { return }
        let socket = PQsocket(handle)
        let total = Int(cpostgres_received_bytes(socket))
        if arrivals == 2 { bytesBefore = total }
        receivedBytes = total >= 0 ? total - bytesBefore : receivedBytes + Int(cpostgres_unread_bytes(socket))
        guard receivedBytes <= PostgresLimits.maxAnswerBytes else { throw .tooLarge(place) }
    }

    var lastMessage: String { String(cString: PQerrorMessage(handle)) }

    /// Returns the next result, or nil at the end of those of a statement.
    func nextResult(_ call: QueryCall, _ sockets: any SocketWaits) async throws(PostgresFailure) -> PostgresResult? {
        while PQisBusy(handle) != 0 {
            let unsent = PQflush(handle)
            guard unsent >= 0 else { throw .lost(self) }
            let events = Int16(unsent > 0 ? POLLIN | POLLOUT : POLLIN)
            guard let ready = await sockets.readiness(of: PQsocket(handle), for: events, until: call.deadline) else {
                throw Task.isCancelled ? call.cancelled : PostgresFailure(call.overdue)
            }
            if ready & Int16(POLLIN) != 0 { try countArrival() }
            // Twice with TLS: the first may leave a part of a record in OpenSSL, which no poll tells of. A record has at
            // most 16 KiB, and libpq makes room for at least 8 each time.
            for _ in 0..<(PQsslInUse(handle) == 1 ? 2 : 1) {
                guard PQconsumeInput(handle) == 1 else { throw .lost(self) }
            }
        }
        return PQgetResult(handle).map(PostgresResult.init)
    }

    /// Counts what the server sends from now on.
    func beginCount() {
        arrivals = 0
        receivedBytes = 0
    }
}

/// A result of libpq's, freed with this object.
struct PostgresResult: ~Copyable {
    let handle: OpaquePointer

    deinit { PQclear(handle) }

    var status: ExecStatusType { PQresultStatus(handle) }
}
