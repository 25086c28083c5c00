import CLinux
import Glibc
import PluginProtocol

/// A process of the plugin and its raw input and output. Used on one thread, which it may block until a deadline that
/// the caller sets.
final class PluginProcess {
    enum Output: Equatable {
        /// A line without its newline.
        case line([UInt8])
        /// A line over the protocol's limit, with its first bytes. Nothing after it is read.
        case overlong([UInt8])
        /// Standard output has ended, with the rest without a newline.
        case end(unfinished: [UInt8])
        case timeout
    }

    enum Exit: Equatable, CustomStringConvertible {
        case code(Int32)
        case signal(Int32)

        var description: String {
            switch self {
            case .code(let code): "exited with code \(code)"
            case .signal(let signal): "was ended by signal \(signal) (\(String(cString: strsignal(signal))))"
            }
        }
    }

    let id: pid_t
    let startedAt: ContinuousClock.Instant
    private(set) var standardError: StandardErrorLog
    private let marker: ProcessMarker
    private let exitDescriptor: Int32
    private var input: Int32
    private var output: Int32
    private var errors: Int32
    private var buffer: [UInt8] = []
    private var scanned = 0
    private var chunk = [UInt8](repeating: 0, count: ConformanceLimits.readChunkBytes)
    private var exit: Exit?

    /// Ignores SIGPIPE: writing to a plugin that has ended is an error to report and must not end the process.
    private static let brokenPipesAreErrors: Void = { Glibc.signal(SIGPIPE, SIG_IGN) }()

    init(_ command: PluginCommand) throws(LaunchError) {
        _ = Self.brokenPipesAreErrors
        if access(command.path, X_OK) == 0 { try command.checkInterpreter() }
        var pipes: [(reader: Int32, writer: Int32)] = []
        defer { for pipe in pipes { Spawn.close(pipe.reader, pipe.writer) } }
        for _ in 0..<3 {
            guard let pipe = Spawn.pipe() else { throw LaunchError(path: command.path, code: errno) }
            pipes.append(pipe)
        }
        marker = ProcessMarker()
        startedAt = .now
        standardError = StandardErrorLog(startedAt: startedAt)
        id = try Spawn.spawn(
            command, environment: command.environment(marker: marker.assignment),
            input: pipes[0].reader, output: pipes[1].writer, errors: pipes[2].writer)
        exitDescriptor = clinux_pidfd_open(id)
        input = pipes[0].writer
        output = pipes[1].reader
        errors = pipes[2].reader
        for descriptor in [input, output, errors] { _ = clinux_set_nonblocking(descriptor) }
        // The defer then closes only the plugin's ends.
        pipes = [(pipes[0].reader, -1), (-1, pipes[1].writer), (-1, pipes[2].writer)]
    }

    deinit {
        kill()
        Spawn.close(input, output, errors, exitDescriptor)
    }

    // MARK: To the plugin

    /// Writes all bytes, and concurrently reads the plugin's standard error.
    ///
    /// - Returns: false if the plugin did not read them in time, or has closed its input.
    func send(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) -> Bool {
        var sent = 0
        while sent < bytes.count {
            guard input >= 0 else { return false }
            let count = bytes.withUnsafeBytes { write(input, $0.baseAddress.map { $0 + sent }, $0.count - sent) }
            if count > 0 {
                sent += count
            } else if count < 0, errno == EAGAIN {
                guard poll([(input, POLLOUT), (errors, POLLIN)], until: deadline) else { return false }
                readErrors()
            } else if count < 0, errno != EINTR {
                return false
            }
        }
        return true
    }

    func closeInput() {
        Spawn.close(input)
        input = -1
    }

    /// Bytes that were sent and not read by the plugin.
    var unreadBytes: Int {
        guard input >= 0 else { return 0 }
        var count: Int32 = 0
        return ioctl(input, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }

    /// What the process and those that it started hold together; nil where none runs.
    var resourceUse: ResourceUse? { ResourceUse.sum(of: marker.processes()) }

    func signal(_ number: Int32) {
        if exit == nil { Glibc.kill(id, number) }
    }

    // MARK: From the plugin

    /// Readable if the plugin has written something.
    var outputDescriptors: [Int32] { [output, errors].filter { $0 >= 0 } }

    /// Returns the lines of standard error since the last call.
    func takeErrorLines() -> [[UInt8]] { standardError.takeLines() }

    /// Returns the next output on standard output.
    func next(until deadline: ContinuousClock.Instant) -> Output {
        while true {
            if let output = takeLine() { return output }
            guard output >= 0 else {
                defer { buffer = [] }
                return .end(unfinished: buffer)
            }
            guard poll([(output, POLLIN), (errors, POLLIN)], until: deadline) else { return .timeout }
            readErrors()
            readOutput()
        }
    }

    /// The received part of an incomplete line.
    var unfinishedLine: [UInt8] { buffer }

    private func takeLine() -> Output? {
        if let newline = newline(from: scanned) {
            let line = Array(buffer[..<newline])
            buffer.removeSubrange(...newline)
            scanned = 0
            return line.count > ProtocolLimits.maxResponseBytes ? .overlong(line) : .line(line)
        }
        scanned = buffer.count
        guard buffer.count > ProtocolLimits.maxResponseBytes else { return nil }
        return .overlong(buffer)
    }

    private func newline(from start: Int) -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, start < bytes.count,
                let found = memchr(base + start, 0x0A, bytes.count - start)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    private func readOutput() {
        guard output >= 0 else { return }
        let count = read(output, &chunk, chunk.count)
        if count > 0 {
            buffer.append(contentsOf: chunk[..<count])
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            Spawn.close(output)
            output = -1
        }
    }

    private func readErrors() {
        guard errors >= 0 else { return }
        let count = read(errors, &chunk, chunk.count)
        if count > 0 {
            standardError.append(chunk[..<count])
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            Spawn.close(errors)
            errors = -1
        }
    }

    // MARK: The end

    /// How the process has exited, or nil if it still runs.
    var exitSoFar: Exit? {
        if exit == nil { reap() }
        return exit
    }

    /// Returns how the process exited, or nil if it had not by then.
    func waitForExit(until deadline: ContinuousClock.Instant) -> Exit? {
        while exit == nil {
            reap()
            if exit != nil { break }
            guard poll([(exitDescriptor, POLLIN), (output, POLLIN), (errors, POLLIN)], until: deadline) else { break }
            readErrors()
            // Limited: longer lines are not needed.
            if buffer.count <= ProtocolLimits.maxResponseBytes { readOutput() } else { discardOutput() }
        }
        return exit
    }

    /// Returns whether standard output is still open, and the processes that are still running.
    func leftovers() -> (holdsOutput: Bool, processes: [pid_t]) {
        let deadline = ContinuousClock.now + ConformanceLimits.outputEndGrace
        while output >= 0, poll([(output, POLLIN)], until: deadline) { discardOutput() }
        return (output >= 0, marker.processes())
    }

    /// Ends the process and all its descendants, and waits until they have exited.
    func kill() {
        if exit == nil {
            Glibc.kill(-id, SIGKILL)
            Glibc.kill(id, SIGKILL)
            _ = waitForExit(until: .now + ConformanceLimits.killGrace)
        }
        marker.killAll()
    }

    private func discardOutput() {
        buffer = []
        scanned = 0
        readOutput()
    }

    private func reap() {
        var status: Int32 = 0
        switch waitpid(id, &status, WNOHANG) {
        case id: exit = status & 0x7F == 0 ? .code(status >> 8 & 0xFF) : .signal(status & 0x7F)
        // Other code in this process has reaped it.
        case -1 where errno == ECHILD: exit = .code(0)
        default: break
        }
    }

    /// - Returns: false if nothing happened by the deadline, or the deadline has passed, so that a plugin that writes
    ///   endlessly does not get more time than a silent one.
    private func poll(_ interest: [(descriptor: Int32, events: Int32)], until deadline: ContinuousClock.Instant) -> Bool
    {
        var entries = interest.map { pollfd(fd: $0.descriptor, events: Int16($0.events), revents: 0) }
        let left = deadline - .now
        guard left > .zero else { return false }
        let milliseconds = min(left / .milliseconds(1) + 1, Double(Int32.max))
        return Glibc.poll(&entries, nfds_t(entries.count), Int32(milliseconds)) > 0
    }
}
