import Glibc
import ServiceLifecycle
import Synchronization
import SystemIO

/// A real `redis-server` without persistence.
struct DemoRedis: Service {
    let port: Int
    let isReady = AsyncPromise<Bool>()

    init() throws {
        port = try FreePort.find()
    }

    func run() async throws {
        let log = Mutex<[String]>([])
        let process = ChildProcess(
            program: "redis-server",
            arguments: ["--bind", "127.0.0.1", "--port", "\(port)", "--save", "", "--appendonly", "no"],
            onLine: { line in
                log.withLock { $0.append(String(line)) }
                if line.contains("Ready to accept connections") { isReady.fulfill(.success(true)) }
            }
        )
        let status = try await cancelWhenGracefulShutdown { try await process.run() }
        guard let status else { return }
        let lastLines = log.withLock { $0.suffix(3) }.joined(separator: "\n")
        throw DemoError("redis-server ended unexpectedly (\(status)):\n\(lastLines)")
    }
}

/// Finds a port of 127.0.0.1 for a server that cannot choose one itself.
enum FreePort {
    static func find() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw DemoError("cannot create a socket") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // The pointer is rebound to the type of the calls, and used only in them.
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw DemoError("127.0.0.1 has no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
