import Glibc

/// A plugin's process and the two pipes to it, without a host in between.
final class PluginPipe {
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    let processIdentifier: pid_t
    private let input: Int32
    private let output: Int32
    private var buffer: [UInt8] = []
    private var nextID = 0

    /// Starts the executable beside the benchmark's own, and shakes hands.
    init(_ name: String) throws {
        var toPlugin: [Int32] = [0, 0]
        var fromPlugin: [Int32] = [0, 0]
        guard pipe(&toPlugin) == 0, pipe(&fromPlugin) == 0 else { throw Fault(description: "no pipe is left") }
        for end in [toPlugin[1], fromPlugin[0]] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        processIdentifier = try spawn(
            ["\(ownDirectory())/\(name)"], standardInput: toPlugin[0], standardOutput: fromPlugin[1])
        close(toPlugin[0])
        close(fromPlugin[1])
        (input, output) = (toPlugin[1], fromPlugin[0])
        let host = #""host":{"name":"bench","version":"1"}"#
        let limits = #""limits":{"maxRequestBytes":61440,"maxResponseBytes":1048576}"#
        try send("initialize", #"{"protocolVersions":[1],\#(host),\#(limits)}"#)
        _ = try receive()
    }

    /// The end of its input ends the plugin.
    deinit {
        close(input)
        close(output)
        waitpid(processIdentifier, nil, 0)
    }

    func send(_ method: String, _ parameters: String) throws {
        nextID += 1
        var bytes = Array(#"{"jsonrpc":"2.0","id":\#(nextID),"method":"\#(method)","params":\#(parameters)}"#.utf8)
        bytes.append(0x0A)
        guard write(input, bytes, bytes.count) == bytes.count else { throw Fault(description: "the plugin has gone") }
    }

    /// The next line that the plugin writes.
    func receive() throws -> String {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                defer { buffer.removeSubrange(...end) }
                return String(decoding: buffer[..<end], as: UTF8.self)
            }
            let count = read(output, &chunk, chunk.count)
            guard count > 0 else { throw Fault(description: "the plugin has gone") }
            buffer += chunk[..<count]
        }
    }

    /// A reading's answer; an error answer is a fault.
    func receiveValue() throws {
        let line = try receive()
        guard line.contains(#""value":"#) else { throw Fault(description: line) }
    }

    /// Processor time that the process has used.
    var processorTime: Duration {
        // Fields 14 and 15, counted after the name, which may hold blanks.
        let fields = contents("/proc/\(processIdentifier)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else { return .zero }
        return .milliseconds(1_000 * (user + system) / sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Kilobytes of memory, shared ones by their share (PSS).
    var proportionalKilobytes: Int {
        let line = contents("/proc/\(processIdentifier)/smaps_rollup").split(separator: "\n").first {
            $0.hasPrefix("Pss:")
        }
        return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }
}

/// Starts a program, found on PATH where its name has no slash.
func spawn(_ words: [String], standardInput: Int32? = nil, standardOutput: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let standardInput { posix_spawn_file_actions_adddup2(&actions, standardInput, STDIN_FILENO) }
    posix_spawn_file_actions_adddup2(&actions, standardOutput, STDOUT_FILENO)
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child = pid_t()
    let code = posix_spawnp(&child, words[0], &actions, nil, &arguments, environ)
    guard code == 0 else { throw PluginPipe.Fault(description: "\(words[0]): \(String(cString: strerror(code)))") }
    return child
}

func contents(_ path: String) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 14)
    while true {
        let count = read(file, &chunk, chunk.count)
        guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
        bytes += chunk[..<count]
    }
}

private func ownDirectory() -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let path = String(decoding: buffer[..<max(0, count)].map(UInt8.init(bitPattern:)), as: UTF8.self)
    return path.split(separator: "/").dropLast().map { "/\($0)" }.joined()
}
