import Foundation
import Glibc
import Synchronization

/// A server that speaks bytes, not HTTP, so that it can misbehave: each connection has a thread that runs the script.
package final class RawServer: Sendable {
    package let port: Int
    private let listener: Int32
    private let connections = Mutex<[Connection]>([])

    /// One accepted connection. The script's end closes it.
    package final class Connection: Sendable {
        fileprivate let descriptor: Int32
        /// 1 for the first connection the server accepted.
        package let number: Int

        fileprivate init(descriptor: Int32, number: Int) {
            self.descriptor = descriptor
            self.number = number
        }

        deinit { close(descriptor) }

        /// Returns the request's head, up to and with the empty line; nil when the client closed.
        package func readHead() -> String? {
            var head: [UInt8] = []
            var byte: UInt8 = 0
            while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
                guard recv(descriptor, &byte, 1, 0) == 1 else { return nil }
                head.append(byte)
            }
            return String(decoding: head, as: UTF8.self)
        }

        /// The port that the client connected to.
        package var localPort: Int {
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            _ = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
            }
            return Int(in_port_t(bigEndian: address.sin_port))
        }

        /// Returns what the client sends next, up to 64 KiB; nil when it closed.
        package func read() -> [UInt8]? {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            return count > 0 ? Array(buffer[..<count]) : nil
        }

        /// False when the client has closed.
        @discardableResult
        package func write(_ bytes: [UInt8]) -> Bool {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }

        @discardableResult
        package func write(_ text: String) -> Bool { write(Array(text.utf8)) }

        /// Returns whether the connection takes more bytes within that time.
        package func isWritable(within milliseconds: Int32) -> Bool {
            var descriptors = [pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)]
            return poll(&descriptors, 1, milliseconds) == 1
        }

        /// Bytes taken now, without waiting.
        package func writeWithoutWaiting(_ bytes: [UInt8]) -> Int {
            max(0, send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)))
        }

        /// Returns whether the client closes within that time, sending nothing before.
        package func isClosed(within milliseconds: Int32) -> Bool {
            var descriptors = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
            return poll(&descriptors, 1, milliseconds) == 1
        }

        /// Returns when the client has closed.
        package func waitForClose() {
            var buffer = [UInt8](repeating: 0, count: 4_096)
            while recv(descriptor, &buffer, buffer.count, 0) > 0 {}
        }
    }

    private init(script: @escaping @Sendable (Connection) -> Void) throws {
        let (listener, port) = try RawServer.listen(backlog: 128)
        self.listener = listener
        self.port = port
        Thread.detachNewThread { [self] in
            var number = 0
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                number += 1
                let connection = Connection(descriptor: descriptor, number: number)
                connections.withLock { $0.append(connection) }
                Thread.detachNewThread { [self] in
                    script(connection)
                    shutdown(connection.descriptor, Int32(SHUT_RDWR))
                    connections.withLock { $0.removeAll { $0 === connection } }
                }
            }
        }
    }

    private func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        for connection in connections.withLock(\.self) {
            shutdown(connection.descriptor, Int32(SHUT_RDWR))
        }
    }

    /// Runs the server while `body` runs.
    package static func run<Answer>(
        script: @escaping @Sendable (Connection) -> Void, _ body: (_ port: Int) async throws -> Answer
    ) async throws -> Answer {
        let server = try RawServer(script: script)
        defer { server.stop() }
        return try await body(server.port)
    }

    /// Returns a port that takes no further connection and refuses none: its backlog is full.
    package static func runFull<Answer>(_ body: (_ port: Int) async throws -> Answer) async throws -> Answer {
        let (listener, port) = try listen(backlog: 0)
        var descriptors = [listener]
        defer { for descriptor in descriptors { close(descriptor) } }
        // The kernel keeps one more than the backlog; the others' first packets are dropped.
        for _ in 0..<4 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
            descriptors.append(descriptor)
            var address = loopback(port: port)
            _ = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        return try await body(port)
    }

    /// Returns a port where nobody listens.
    package static func unusedPort() throws -> Int {
        let (listener, port) = try listen(backlog: 1)
        close(listener)
        return port
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        return address
    }

    private static func listen(backlog: Int32) throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { socketAddress in
                bind(descriptor, socketAddress, length) == 0 && Glibc.listen(descriptor, backlog) == 0
                    && getsockname(descriptor, socketAddress, &length) == 0
            }
        }
        guard result else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        return (descriptor, Int(in_port_t(bigEndian: address.sin_port)))
    }
}
