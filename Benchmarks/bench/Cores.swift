import CLinux
import FoundationEssentials
import Glibc

/// Which cores a process may run on.
///
/// The scheduler puts two processes that take turns now on one core, where waking the other is cheap, now on two, where
/// that costs more than all else: in figures that are compared, that is luck.
struct Cores {
    private static let most = 1_024
    private let numbers: [Int32]

    /// Those of the thread that asks.
    static func allowed() throws -> Cores {
        var numbers = [Int32](repeating: 0, count: most)
        let count = clinux_allowed_cores(&numbers, Int32(most))
        guard count > 0 else { throw BenchError("cannot tell the cores: \(String(cString: strerror(errno)))") }
        return Cores(numbers: Array(numbers.prefix(Int(count))))
    }

    /// One core each for two who take turns; the same one where there is no second.
    var two: (Cores, Cores) {
        (Cores(numbers: [numbers[0]]), Cores(numbers: [numbers[min(1, numbers.count - 1)]]))
    }

    /// The thread that asks.
    func confineThisThread() throws {
        try confine(0)
    }

    /// All threads that the process has now.
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
