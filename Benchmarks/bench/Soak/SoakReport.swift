import Glibc
import WireFormats

/// Where what a soak sees goes: JSON lines in a file, a line of progress a minute on standard error.
final class SoakReport {
    private let file: UnsafeMutablePointer<FILE>
    private let start = ContinuousClock.now

    /// - Parameter path: of the file; what it held is gone.
    init(path: String) throws {
        guard let file = fopen(path, "we") else { throw BenchError("\(path): \(String(cString: strerror(errno)))") }
        self.file = file
    }

    deinit { fclose(file) }

    var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    func record(_ fields: [String: JSON]) {
        var fields = fields
        fields["seconds"] = .number((seconds * 1_000).rounded() / 1_000)
        fputs("\(JSON.object(fields))\n", file)
        fflush(file)
    }

    func say(_ text: String) {
        let line = Array("soak: \(text)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}

/// What a soak counts.
struct SoakCounts {
    var kills = 0
    var faults = 0
    var edits = 0
    var replaced = 0
    /// Scalings that the API server carried out.
    var patches = 0
    /// Statuses and events that it stored.
    var otherWrites = 0
    /// Requests that it answered with an error.
    var refused = 0
    /// In the operator's log.
    var errors = 0
    var warnings = 0

    var json: JSON {
        .object(
            [
                "kills": kills, "faults": faults, "edits": edits, "replaced": replaced, "patches": patches,
                "otherWrites": otherWrites, "refused": refused, "errors": errors, "warnings": warnings,
            ].mapValues { .integer(Int64($0)) })
    }
}

/// A log that is still written to.
struct GrowingLog {
    private let descriptor: Int32
    private var rest: [UInt8] = []

    init(_ path: String) {
        // Whoever writes it may come later.
        descriptor = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0o644)
    }

    func end() { close(descriptor) }

    /// The whole lines since the last time.
    mutating func lines() -> [Substring] {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(descriptor, &chunk, chunk.count), count > 0 { rest += chunk[..<count] }
        guard let last = rest.lastIndex(of: 0x0A) else { return [] }
        let text = String(decoding: rest[..<last], as: UTF8.self)
        rest.removeSubrange(...last)
        return text.split(separator: "\n")
    }
}
