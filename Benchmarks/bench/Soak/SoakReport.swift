import Glibc
import WireFormats

/// The output of a soak test: JSON Lines in a file, and a progress line per minute on standard error.
final class SoakReport {
    private let file: UnsafeMutablePointer<FILE>
    private let start = ContinuousClock.now

    /// - Parameter path: the path of the file, which is overwritten.
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
