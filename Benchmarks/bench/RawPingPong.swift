import Glibc

/// The limit for two processes with two pipes: the same bytes in both directions without processing.
final class RawPingPong {
    static let echoFlag = "--echo"

    let process: Int32
    private let request: [UInt8]
    private var answer: [UInt8]
    private let input: Int32
    private let output: Int32

    /// - Parameters:
    ///   - requestBytes: the size of a request, including its newline.
    ///   - answerBytes: the size of an answer.
    init(requestBytes: Int, answerBytes: Int) throws {
        request = [UInt8](repeating: UInt8(ascii: "x"), count: requestBytes - 1) + [0x0A]
        answer = [UInt8](repeating: 0, count: 64 << 10)
        var there: [Int32] = [0, 0]
        var back: [Int32] = [0, 0]
        guard pipe(&there) == 0, pipe(&back) == 0 else { throw BenchError("no pipes") }
        for end in [there[1], back[0]] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        process = try spawn(
            ["/proc/self/exe", Self.echoFlag, "\(answerBytes)"], standardInput: there[0], standardOutput: back[1])
        close(there[0])
        close(back[1])
        input = there[1]
        output = back[0]
    }

    deinit {
        close(input)
        close(output)
        waitpid(process, nil, 0)
    }

    func roundTrip() {
        _ = write(input, request, request.count)
        var last: UInt8 = 0
        while last != 0x0A {
            let count = read(output, &answer, answer.count)
            guard count > 0 else { return }
            last = answer[count - 1]
        }
    }

    /// The other process, which answers each line.
    static func echo() {
        let bytes = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 1
        let answer = [UInt8](repeating: UInt8(ascii: "y"), count: bytes - 1) + [0x0A]
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(0, &buffer, buffer.count)
            guard count > 0 else { return }
            if buffer[count - 1] == 0x0A { _ = write(1, answer, answer.count) }
        }
    }
}
