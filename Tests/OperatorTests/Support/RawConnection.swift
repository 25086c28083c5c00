import Foundation
import Glibc

/// A raw connection to a server on this machine that can violate HTTP. Calls block; see ``onThread(_:)``.
final class RawConnection: Sendable {
    let descriptor: Int32

    /// - Parameter receiveBytes: the size of the kernel's receive buffer; nil for the default.
    init(port: Int, receiveBytes: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if var receiveBytes {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    deinit { close(descriptor) }

    /// Writes text. Fails silently if the server has closed the connection.
    func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Waits until there is something to read.
    func waitForBytes() {
        var descriptors = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
        _ = poll(&descriptors, 1, -1)
    }

    /// Reads until the server closes the connection.
    func readToEnd() -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    /// POLLRDHUP, which glibc declares only for GNU programs.
    private static let closedByPeer: Int16 = 0x2000

    /// Waits until the server has closed that many of the connections.
    static func wait(for connections: [RawConnection], toClose count: Int) {
        var open = connections.map { pollfd(fd: $0.descriptor, events: closedByPeer, revents: 0) }
        while connections.count - open.count < count {
            guard poll(&open, nfds_t(open.count), -1) > 0 else { return }
            open.removeAll { $0.revents != 0 }
        }
    }
}

/// Runs a blocking body on a separate thread, because Swift's task threads are few, and a server in this process needs
/// them.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
