import FoundationEssentials
import Glibc
import WireFormats

/// What /proc tells of a process at one moment.
struct ProcessSample {
    /// `operator`, or the plugin's; that of the program where it is neither.
    let name: String
    let identifier: pid_t
    /// Of what is shared, its share (PSS).
    let proportionalMiB: Double
    /// What no file holds (anonymous), swapped out or not: the heap above all. Not what is called private and dirty,
    /// which counts a program's own text while its file has not been written to disk yet.
    let anonymousMiB: Double
    let threads: Int
    /// How many there are of a kind: `socket`, `pipe`, `eventfd`, `file`.
    let descriptors: [String: Int]

    /// - Returns: nil of one that has ended.
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
        // One that is about to end has lost its memory already.
        guard proportionalMiB > 0, threads > 0 else { return nil }
    }

    var json: JSON {
        [
            "name": .string(name), "id": .integer(Int64(identifier)), "pss": .number(proportionalMiB),
            "anonymous": .number(anonymousMiB), "threads": .integer(Int64(threads)),
            "descriptors": .object(descriptors.mapValues { .integer(Int64($0)) }),
        ]
    }

    /// Returns what a link in `/proc/PID/fd` stands for: `socket:[123]` is a socket, `anon_inode:[eventfd]` an eventfd.
    static func kind(ofLink link: String) -> String {
        if link.hasPrefix("anon_inode:") {
            return link.dropFirst("anon_inode:".count).filter { $0 != "[" && $0 != "]" }
        }
        return link.hasPrefix("/") ? "file" : String(link.prefix { $0 != ":" })
    }

    /// Returns the path of the program that a process runs; nil of a zombie and of one that has ended.
    static func program(of process: pid_t) -> String? {
        // Also where the file has been replaced since.
        link("/proc/\(process)/exe").map { $0.hasSuffix(" (deleted)") ? String($0.dropLast(10)) : $0 }
    }

    /// Returns whether it has ended, and its parent has not asked how.
    static func isZombie(_ process: pid_t) -> Bool {
        // The state follows the name, which is in parentheses and may hold any character.
        contents("/proc/\(process)/stat").split(separator: ")").last?.hasPrefix(" Z") ?? false
    }

    /// Returns all processes whose program lies below a directory.
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
