import Glibc

/// A plugin's process with its two pipes, without a host.
final class PluginPipe {
    private let process: LineProcess
    private var nextID = 0

    var processIdentifier: pid_t { process.identifier }

    /// Starts the executable in the benchmark's directory, and completes the handshake.
    init(_ name: String) throws {
        process = try LineProcess(["\(ownDirectory())/\(name)"])
        let host = #""host":{"name":"bench","version":"1"}"#
        let limits = #""limits":{"maxRequestBytes":61440,"maxResponseBytes":1048576}"#
        try send("initialize", #"{"protocolVersions":[1],\#(host),\#(limits)}"#)
        _ = try receive()
    }

    func send(_ method: String, _ parameters: String) throws {
        nextID += 1
        try process.send(#"{"jsonrpc":"2.0","id":\#(nextID),"method":"\#(method)","params":\#(parameters)}"#)
    }

    func receive() throws -> String { try process.receive() }

    /// Receives a reading; an error is a failure of the benchmark.
    func receiveValue() throws {
        let line = try receive()
        guard line.contains(#""value":"#) else { throw BenchError(line) }
    }
}
