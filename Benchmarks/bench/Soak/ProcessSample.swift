import FoundationEssentials
import Glibc
import WireFormats

/// A sample of a process from /proc.
struct ProcessSample {
    /// `operator`, the plugin's name, or the program's name.
    let name: String
    let identifier: pid_t
    /// The memory with the proportional share of shared pages (PSS).
    let proportionalMiB: Double
    /// The anonymous memory, swapped out or not: mainly the heap. Not the private dirty memory, which includes a
    /// program's own text until its file has been written to disk.
    let anonymousMiB: Double
    let threads: Int
    /// The number of descriptors by kind: `socket`, `pipe`, `eventfd`, `file`.
    let descriptors: [String: Int]

    /// - Returns: nil for a process that has ended.
    init?(of process: pid_t) {
        guard let program = Self.program(of: process) else { return nil }
        let sums = ProcessTimes.memorySums(of: process)
        let file = String(program.split(separator: "/").last ?? "")
        name = file == "generalscaler" ? "operator" : file.replacing("generalscaler-plugin-", with: "")
        identifier = process
        proportionalMiB = sums["Pss"] ?? 0
        anonymousMiB = (sums["Anonymous"] ?? 0) + (sums["Swap"] ?? 0)
        threads = Self.entries("/proc/\(process)/task").count
        descriptors = Dictionary(
            Self.entries("/proc/\(process)/fd").compactMap { Self.link("/proc/\(process)/fd/\($0)") }
                .map { (Self.kind(ofLink: $0), 1) }, uniquingKeysWith: +)
        // A process that is about to end has already released its memory.
        guard proportionalMiB > 0, threads > 0 else { return nil }
    }

    var json: JSON {
        [
            "name": .string(name), "id": .integer(Int64(identifier)), "pss": .number(proportionalMiB),
            "anonymous": .number(anonymousMiB), "threads": .integer(Int64(threads)),
            "descriptors": .object(descriptors.mapValues { .integer(Int64($0)) }),
        ]
    }

    /// Returns the kind of a link in `/proc/PID/fd`: `socket:[123]` is a socket, `anon_inode:[eventfd]` an eventfd.
    static func kind(ofLink link: String) -> String {
        if link.hasPrefix("anon_inode:") {
            return link.dropFirst("anon_inode:".count).filter { $0 != "[" && $0 != "]" }
        }
        return link.hasPrefix("/") ? "file" : String(link.prefix { $0 != ":" })
    }

    /// Returns the path of a process's program; nil for a zombie or an ended process.
    static func program(of process: pid_t) -> String? {
        // Also valid if the file has been replaced.
        link("/proc/\(process)/exe").map { $0.hasSuffix(" (deleted)") ? String($0.dropLast(10)) : $0 }
    }

    /// Returns whether the process is a zombie.
    static func isZombie(_ process: pid_t) -> Bool {
        // The state follows the name, which is in parentheses and may contain any character.
        contents("/proc/\(process)/stat").split(separator: ")").last?.hasPrefix(" Z") ?? false
    }

    /// Returns all processes whose program is below a directory.
    static func running(below directory: String) -> [pid_t] {
        entries("/proc").compactMap { pid_t($0) }.filter { program(of: $0)?.hasPrefix("\(directory)/") ?? false }
    }

    private static func entries(_ directory: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    }

    private static func link(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { readlink(path, $0.baseAddress!, $0.count) }
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
}
