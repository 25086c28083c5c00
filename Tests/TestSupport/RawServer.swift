import Foundation
import Glibc
import Synchronization

/// A raw server that can violate HTTP: each connection has a thread that runs the script.
package final class RawServer: Sendable {
    package let port: Int
    private let listener: Int32
    private let connections = Mutex<[Connection]>([])

    /// An accepted connection. Closed at the end of the script.
    package final class Connection: Sendable {
        fileprivate let descriptor: Int32
        /// The number of the connection, from 1.
        package let number: Int

        fileprivate init(descriptor: Int32, number: Int) {
            self.descriptor = descriptor
            self.number = number
        }

        deinit { close(descriptor) }

        /// Returns the request's head, including the empty line; nil if the client closed.
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

        /// Returns the client's next bytes, up to 64 KiB; nil if it closed.
        package func read() -> [UInt8]? {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            return count > 0 ? Array(buffer[..<count]) : nil
        }

        /// Writes all bytes. Returns false if the client has closed.
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

        /// Returns whether the connection accepts more bytes within that time.
        package func isWritable(within milliseconds: Int32) -> Bool {
            var descriptors = [pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)]
            return poll(&descriptors, 1, milliseconds) == 1
        }

        /// Writes without waiting, and returns the number of accepted bytes.
        package func writeWithoutWaiting(_ bytes: [UInt8]) -> Int {
            max(0, send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)))
        }

        /// Returns whether the client closes within that time without sending anything.
        package func isClosed(within milliseconds: Int32) -> Bool {
            var descriptors = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
            return poll(&descriptors, 1, milliseconds) == 1
        }

        /// Waits until the client has closed.
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

    /// Runs the server during `body`.
    package static func run<Answer>(
        script: @escaping @Sendable (Connection) -> Void, _ body: (_ port: Int) async throws -> Answer
    ) async throws -> Answer {
        let server = try RawServer(script: script)
        defer { server.stop() }
        return try await body(server.port)
    }

    /// Runs the body with a port whose backlog is full, so that it neither accepts nor refuses connections.
    package static func runFull<Answer>(_ body: (_ port: Int) async throws -> Answer) async throws -> Answer {
        let (listener, port) = try listen(backlog: 0)
        var descriptors = [listener]
        defer { for descriptor in descriptors { close(descriptor) } }
        // The kernel queues one more than the backlog; the first packets of the others are dropped.
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

    /// Returns a port without a listener.
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
