import CommandSupport
import Console
import HTTPTransport
import Synchronization

/// The lines of stdin, each read on a thread, because reading blocks.
final class InputLines: Sendable {
    private let input: Mutex<StandardInput>

    init(maxLineBytes: Int) {
        input = Mutex(StandardInput(maxLineBytes: maxLineBytes))
    }

    /// Returns the next line that is not blank; nil after the last.
    func next() async -> AssistantServer.Line? {
        await withCheckedContinuation { continuation in
            _ = LoopThread(name: "stdin") { [self] in continuation.resume(returning: read()) }
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
}
