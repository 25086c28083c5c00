import FoundationEssentials
import Glibc

/// The resource use of processes.
enum ProcessTimes {
    /// CPU time of a process and all its threads, in seconds.
    static func cpuSeconds(of process: Int32) throws -> Double {
        var clock = clockid_t()
        let result = clock_getcpuclockid(process, &clock)
        var time = timespec()
        guard result == 0, clock_gettime(clock, &time) == 0 else {
            throw BenchError("cannot read the CPU time of process \(process)")
        }
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// Returns a process and its descendants.
    static func family(of process: Int32) -> [Int32] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        let children = threads.flatMap { contents("/proc/\(process)/task/\($0)/children").split(separator: " ") }
        return [process] + children.compactMap { Int32($0) }.flatMap { family(of: $0) }
    }

    /// Returns the memory of a process in MiB: all of it (RSS), and with the proportional share of shared pages (PSS).
    static func memory(of process: Int32) -> (resident: Double, proportional: Double) {
        let sums = memorySums(of: process)
        return (sums["Rss"] ?? 0, sums["Pss"] ?? 0)
    }

    /// Returns the sums over all mappings of a process (`smaps_rollup`) by name, in MiB; empty for a process that has
    /// ended.
    static func memorySums(of process: Int32) -> [String: Double] {
        let lines = contents("/proc/\(process)/smaps_rollup").split(separator: "\n").dropFirst()
        return Dictionary(
            lines.compactMap { line in
                let parts = line.split(separator: ":")
                guard parts.count == 2, let kibibytes = Double(parts[1].filter(\.isNumber)) else { return nil }
                return (String(parts[0]), kibibytes / 1_024)
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Returns the resident memory of this process in MiB.
    static func residentMiB() throws -> Double {
        guard let file = fopen("/proc/self/statm", "re") else { throw BenchError("no /proc/self/statm") }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        fgets(&line, Int32(line.count), file)
        let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard let pages = text.split(separator: " ").dropFirst().first.flatMap({ Double($0) }) else {
            throw BenchError("/proc/self/statm holds \(text)")
        }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
    }
}

extension [Double] {
    /// Returns the nearest-rank percentile. The array must not be empty.
    func percentile(_ share: Double) -> Double {
        sorted()[Swift.max(0, Int((share * Double(count)).rounded(.up)) - 1)]
    }
}
