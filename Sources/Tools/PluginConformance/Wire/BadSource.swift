import CLinux
import Glibc
import Synchronization

/// A misbehaving server on this machine, for the calls of a check. It serves on its own thread until it is closed.
///
/// `@unchecked Sendable`: `connections` is touched by the thread alone; everything else is constant or atomic.
final class BadSource: @unchecked Sendable {
    enum Behavior: String, CaseIterable {
        case refuses = "refuses connections"
        case saysNothing = "accepts connections and sends nothing"
        case drips = "sends one byte a second"
        case garbage = "sends garbage"
        case endless = "sends a body without end"
    }

    private struct Connection {
        let descriptor: Int32
        /// The client has said something, so that it is known which protocol it speaks, or it waits for a greeting.
        var hasBegun = false
        var isDone = false
        var nextWrite = ContinuousClock.now + ConformanceLimits.greetingTime
        var waiting: ArraySlice<UInt8> = []
    }

    let behavior: Behavior
    let port: Int
    private let listener: Int32
    private let wake: Int32
    private let thread = Atomic<UInt>(0)
    private let accepted = Atomic<Int>(0)
    private let isClosed = Atomic(false)
    private var connections: [Connection] = []

    /// The number of connections accepted so far.
    var acceptedConnections: Int { accepted.load(ordering: .relaxed) }

    /// Nil if the system has no descriptor or thread left.
    init?(_ behavior: Behavior) {
        self.behavior = behavior
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.listener = listener
        wake = clinux_eventfd()
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutableBytes(of: &address) { bytes in
            let name = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            guard bind(listener, name, length) == 0 else { return Int32(-1) }
            // Without listening the port stays taken, and connections to it are refused.
            guard behavior == .refuses || listen(listener, SOMAXCONN) == 0 else { return -1 }
            return getsockname(listener, name, &length)
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        guard listener >= 0, wake >= 0, result == 0, clinux_set_nonblocking(listener) == 0 else { return nil }
        if behavior != .refuses, !start() { return nil }
    }

    deinit { Spawn.close(listener, wake) }

    private func start() -> Bool {
        var handle = pthread_t()
        let context = Unmanaged.passRetained(self)
        let result = pthread_create(
            &handle, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<BadSource>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard result == 0 else {
            context.release()
            return false
        }
        thread.store(UInt(handle), ordering: .relaxed)
        return true
    }

    /// Ends the thread and all connections.
    func close() {
        guard !isClosed.exchange(true, ordering: .relaxed) else { return }
        var one: UInt64 = 1
        _ = write(wake, &one, 8)
        let handle = thread.load(ordering: .relaxed)
        if handle != 0 { pthread_join(pthread_t(handle), nil) }
    }

    // MARK: On the thread

    private func run() {
        while !isClosed.load(ordering: .relaxed) {
            var entries = [
                pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
                pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
            ]
            for index in connections.indices where !connections[index].hasBegun && connections[index].nextWrite <= .now
            {
                begin(index, request: [])
            }
            for connection in connections {
                let due = connection.hasBegun && !connection.isDone && connection.nextWrite <= .now
                entries.append(
                    pollfd(fd: connection.descriptor, events: Int16(due ? POLLIN | POLLOUT : POLLIN), revents: 0))
            }
            _ = poll(&entries, nfds_t(entries.count), milliseconds(until: nextWrite))
            for index in connections.indices.reversed() where entries[index + 2].revents != 0 {
                serve(index, canWrite: entries[index + 2].revents & Int16(POLLOUT) != 0)
            }
            if entries[1].revents != 0 { acceptOne() }
        }
        for connection in connections { Glibc.close(connection.descriptor) }
        connections = []
    }

    private var nextWrite: ContinuousClock.Instant? {
        connections.filter { !$0.isDone && $0.nextWrite > .now }.map(\.nextWrite).min()
    }

    private func milliseconds(until instant: ContinuousClock.Instant?) -> Int32 {
        guard let instant else { return -1 }
        return max(1, Int32((instant - ContinuousClock.now) / .milliseconds(1)) + 1)
    }

    private func acceptOne() {
        let descriptor = accept(listener, nil, nil)
        guard descriptor >= 0 else { return }
        guard connections.count < ConformanceLimits.maxSourceConnections, clinux_set_nonblocking(descriptor) == 0 else {
            Glibc.close(descriptor)
            return
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        accepted.add(1, ordering: .relaxed)
        connections.append(Connection(descriptor: descriptor))
    }

    private func serve(_ index: Int, canWrite: Bool) {
        var chunk = [UInt8](repeating: 0, count: ConformanceLimits.readChunkBytes)
        let count = read(connections[index].descriptor, &chunk, chunk.count)
        if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) { return drop(index) }
        if count > 0, !connections[index].hasBegun { begin(index, request: chunk[..<count]) }
        if canWrite { send(index) }
    }

    private func begin(_ index: Int, request: ArraySlice<UInt8>) {
        connections[index].hasBegun = true
        connections[index].nextWrite = .now
        connections[index].waiting = BadAnswer.beginning(behavior, to: request)[...]
        connections[index].isDone = behavior == .saysNothing
    }

    private func drop(_ index: Int) {
        Glibc.close(connections[index].descriptor)
        connections.remove(at: index)
    }

    private func send(_ index: Int) {
        if connections[index].waiting.isEmpty {
            connections[index].waiting = BadAnswer.continuation(behavior)[...]
        }
        let descriptor = connections[index].descriptor
        let sent = connections[index].waiting.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard sent >= 0 || errno == EAGAIN || errno == EINTR else { return drop(index) }
        connections[index].waiting = connections[index].waiting.dropFirst(max(0, sent))
        guard connections[index].waiting.isEmpty else { return }
        switch behavior {
        case .garbage: drop(index)
        case .drips: connections[index].nextWrite = .now + ConformanceLimits.dripInterval
        default: connections[index].nextWrite = .now + ConformanceLimits.floodInterval
        }
    }
}

/// The bytes that a bad source sends: the beginning of an answer in the client's protocol, if that is a common one, so that
/// the client continues to read.
enum BadAnswer {
    static func beginning(_ behavior: BadSource.Behavior, to request: ArraySlice<UInt8>) -> [UInt8] {
        switch behavior {
        case .refuses, .saysNothing: []
        case .garbage: garbage
        case .drips, .endless: head(to: request)
        }
    }

    static func continuation(_ behavior: BadSource.Behavior) -> [UInt8] {
        switch behavior {
        case .refuses, .saysNothing, .garbage: []
        case .drips: [UInt8(ascii: "1")]
        case .endless: [UInt8](repeating: UInt8(ascii: "1"), count: ConformanceLimits.floodBytes)
        }
    }

    private static func head(to request: ArraySlice<UInt8>) -> [UInt8] {
        let text = String(decoding: request.prefix(16), as: UTF8.self)
        if ["GET ", "POST ", "PUT ", "HEAD ", "DELETE ", "OPTIONS "].contains(where: text.hasPrefix) {
            return Array("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[".utf8)
        }
        // A bulk string of 512 MB, the longest that RESP has.
        if request.first == UInt8(ascii: "*") { return Array("$536870912\r\n".utf8) }
        // A TLS record of the longest kind: ServerHello and what follows.
        if request.first == 0x16 { return [0x16, 0x03, 0x03, 0x40, 0x00, 0x02, 0x00, 0x3F, 0xFC, 0x03, 0x03] }
        return []
    }

    /// The same bytes in every run, newlines and zeros among them.
    private static var garbage: [UInt8] {
        var random = SplitMix64(state: 0x6761_7262_6167_6521)
        return (0..<ConformanceLimits.garbageBytes).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
}
