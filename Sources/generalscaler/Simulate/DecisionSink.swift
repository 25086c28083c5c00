import CommandSupport
import Glibc
import Operator
import ScalerAPI
import Scaling
import WireFormats

/// Writes decisions as JSON Lines to a file or stdout.
final class DecisionSink {
    private static let bufferBytes = 1 << 16

    private let path: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    /// - Parameter path: `-` for stdout.
    init(path: String) throws(FileProblem) {
        self.path = path
        descriptor = path == "-" ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw FileProblem(
                path: path,
                message:
                    "cannot be written: check that the directory exists and that you have permission to write to it")
        }
    }

    /// - Parameter scaler: the scaler of the decision, if the file has those of several.
    func write(_ decision: Decision, of scaler: String? = nil) throws(FileProblem) {
        var json = decision.json
        if let scaler { json = .object((json.objectValue ?? [:]).merging(["scaler": .string(scaler)]) { $1 }) }
        buffer += json.encoded()
        buffer.append(0x0A)
        if buffer.count >= Self.bufferBytes { try flush() }
    }

    func finish() throws(FileProblem) {
        try flush()
        if descriptor != STDOUT_FILENO { close(descriptor) }
    }

    private func flush() throws(FileProblem) {
        guard StandardStreams.write(buffer, to: descriptor) else {
            throw FileProblem(path: path, message: "cannot be written any further")
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
