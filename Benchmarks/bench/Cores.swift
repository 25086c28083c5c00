import CLinux
import FoundationEssentials
import Glibc

/// The cores on which a process may run.
///
/// The scheduler places two processes that take turns either on one core, with cheap wake-ups, or on two, with
/// expensive ones, which would make comparisons random.
struct Cores {
    private static let most = 1_024
    private let numbers: [Int32]

    /// Returns the cores of the calling thread.
    static func allowed() throws -> Cores {
        var numbers = [Int32](repeating: 0, count: most)
        let count = clinux_allowed_cores(&numbers, Int32(most))
        guard count > 0 else { throw BenchError("cannot tell the cores: \(String(cString: strerror(errno)))") }
        return Cores(numbers: Array(numbers.prefix(Int(count))))
    }

    /// One core each for two processes that take turns; the same core if there is only one.
    var two: (Cores, Cores) {
        (Cores(numbers: [numbers[0]]), Cores(numbers: [numbers[min(1, numbers.count - 1)]]))
    }

    /// Confines the calling thread.
    func confineThisThread() throws {
        try confine(0)
    }

    /// Confines all current threads of the process.
    func confine(process: Int32) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task") {
            if let thread = Int32(name) { try confine(thread) }
        }
    }

    private func confine(_ thread: Int32) throws {
        guard clinux_confine_thread(thread, numbers, Int32(numbers.count)) == 0 else {
            throw BenchError("cannot choose the core of thread \(thread): \(String(cString: strerror(errno)))")
        }
    }
}
