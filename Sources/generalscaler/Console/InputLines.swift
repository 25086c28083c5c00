import CommandSupport
import Console
import Glibc
import Synchronization

/// The lines of stdin, each read on a thread, because reading blocks.
final class InputLines: Sendable {
    private let input: Mutex<StandardInput>

    init(maxLineBytes: Int) {
        input = Mutex(StandardInput(maxLineBytes: maxLineBytes))
    }

    /// Returns the next line that is not blank; nil after the last.
    func next() async throws -> AssistantServer.Line? {
        try await withCheckedThrowingContinuation { continuation in
            let code = Self.startThread { [self] in continuation.resume(returning: read()) }
            if code != 0 { continuation.resume(throwing: ThreadFailure(code: code)) }
        }
    }

    private func read() -> AssistantServer.Line? {
        input.withLock { input in
            while let line = input.nextLine() {
                guard !line.isBlank else { continue }
                return switch line {
                case .whole(let bytes): .whole(bytes)
                case .tooLong: .tooLong
                }
            }
            return nil
        }
    }

    private struct ThreadFailure: Error, CustomStringConvertible {
        let code: Int32
        var description: String { "cannot start a thread that reads stdin: \(String(cString: strerror(code)))" }
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// - Returns: 0, or the error number.
    private static func startThread(_ body: @escaping @Sendable () -> Void) -> Int32 {
        // The thread takes ownership of the reference.
        let handed = Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, handed.toOpaque())
        if code == 0 { pthread_detach(thread) } else { handed.release() }
        return code
    }
}
