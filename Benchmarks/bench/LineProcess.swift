import Glibc

/// A process with line-based input and output.
final class LineProcess {
    let identifier: pid_t
    private let input: Int32
    private let output: Int32
    private var buffer: [UInt8] = []
    private var chunk = [UInt8](repeating: 0, count: 1 << 16)

    /// - Parameter words: the program and its arguments; found on PATH if its name has no slash.
    init(_ words: [String]) throws {
        var there: [Int32] = [0, 0]
        var back: [Int32] = [0, 0]
        guard pipe(&there) == 0, pipe(&back) == 0 else { throw BenchError("no pipe is left") }
        for end in there + back { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        identifier = try spawn(words, standardInput: there[0], standardOutput: back[1])
        close(there[0])
        close(back[1])
        (input, output) = (there[1], back[0])
    }

    /// Closes the process's input, which ends it.
    deinit {
        close(input)
        close(output)
        waitpid(identifier, nil, 0)
    }

    func send(_ line: String) throws {
        let bytes = Array(line.utf8) + [0x0A]
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
            guard count > 0 else { throw BenchError("process \(identifier) has gone") }
            sent += count
        }
    }

    /// Returns the next line of the process's output.
    func receive() throws -> String {
        var searched = 0
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                defer { buffer.removeSubrange(...end) }
                return String(decoding: buffer[..<end], as: UTF8.self)
            }
            searched = buffer.count
            let count = read(output, &chunk, chunk.count)
            guard count > 0 else { throw BenchError("process \(identifier) has gone") }
            buffer += chunk[..<count]
        }
    }
}
