import Foundation
package import WireFormats

/// The memory of a plugin's executable while it answers.
package struct PluginMemory: Sendable {
    /// The answers to the calls, in order.
    package let answers: [JSON]
    /// The peak resident memory in bytes, up to the last answer.
    package let peakBytes: Int

    /// Starts the executable, completes the handshake, reads all configs concurrently, and closes its input.
    ///
    /// - Parameters:
    ///   - name: an executable of this package.
    ///   - configs: JSON objects without a line feed.
    package static func reading(_ name: String, type: String, configs: [String]) async throws -> PluginMemory {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try read(name, type, configs) })
            }
        }
    }

    private static func read(_ name: String, _ type: String, _ configs: [String]) throws -> PluginMemory {
        let process = Process()
        let input = Pipe()
        let output = Pipe()
        process.executableURL = URL(filePath: BuiltExecutable.path(name))
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
        var lines = [
            #"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersions":[1],"host":{"name":"test","#
                + #""version":"1"},"limits":{"maxRequestBytes":61440,"maxResponseBytes":1048576}}}"#
        ]
        for (index, config) in configs.enumerated() {
            lines.append(
                #"{"jsonrpc":"2.0","id":\#(index + 1),"method":"get_metric_value","params":{"type":"\#(type)","#
                    + #""config":\#(config),"targetType":"Value","deadlineMs":30000}}"#)
        }
        try input.fileHandleForWriting.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
        var answers: [JSON] = []
        var rest: [UInt8] = []
        while answers.count < lines.count {
            let chunk = output.fileHandleForReading.availableData
            guard !chunk.isEmpty else { break }
            rest += chunk
            while let end = rest.firstIndex(of: 0x0A) {
                let line = try JSON(parsing: rest[..<end])
                if line["id"] != nil { answers.append(line) }
                rest.removeSubrange(...end)
            }
        }
        return PluginMemory(
            answers: answers.filter { $0["id"] != 0 }, peakBytes: try peak(of: process.processIdentifier))
    }

    /// Returns the peak resident memory of a process in bytes.
    package static func peak(of process: Int32) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (Int(line.split(whereSeparator: \.isWhitespace).dropFirst().first ?? "") ?? 0) << 10
    }
}
