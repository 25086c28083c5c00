import Glibc

/// A log that is still being written.
struct GrowingLog {
    private let descriptor: Int32
    private var rest: [UInt8] = []

    init(_ path: String) {
        // The writer may open the file later.
        descriptor = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0o644)
    }

    func end() { close(descriptor) }

    /// Returns the complete lines since the last call.
    mutating func lines() -> [Substring] {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(descriptor, &chunk, chunk.count), count > 0 { rest += chunk[..<count] }
        guard let last = rest.lastIndex(of: 0x0A) else { return [] }
        let text = String(decoding: rest[..<last], as: UTF8.self)
        rest.removeSubrange(...last)
        return text.split(separator: "\n")
    }
}
