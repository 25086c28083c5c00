import CLinux
import Glibc

/// The entry of one process in `/proc`.
struct ProcessEntry: Sendable, Hashable {
    let id: Int32
    let parent: Int32
    let group: Int32
    let session: Int32
    /// The start time in clock ticks since boot; with the id, it identifies a process uniquely.
    let startTicks: UInt64
    /// Whether the process has exited and is not reaped.
    let isZombie: Bool

    /// Parses a line of `/proc/PID/stat` (proc_pid_stat(5)).
    init?(stat text: some StringProtocol) {
        // The command's name is in parentheses and may contain any character.
        guard let end = text.lastIndex(of: ")"), let id = Int32(text.prefix { $0 != " " }) else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, let parent = Int32(fields[1]), let group = Int32(fields[2]),
            let session = Int32(fields[3]), let startTicks = UInt64(fields[19])
        else { return nil }
        self.init(
            id: id, parent: parent, group: group, session: session, startTicks: startTicks, isZombie: fields[0] == "Z")
    }

    init(id: Int32, parent: Int32, group: Int32, session: Int32, startTicks: UInt64 = 0, isZombie: Bool = false) {
        self.id = id
        self.parent = parent
        self.group = group
        self.session = session
        self.startTicks = startTicks
        self.isZombie = isZombie
    }
}

/// Reads `/proc`.
enum ProcessTable {
    static func entries() -> [ProcessEntry] {
        names(in: "/proc").compactMap { Int32($0) }.compactMap(entry)
    }

    static func entry(_ id: Int32) -> ProcessEntry? {
        contents("/proc/\(id)/stat").flatMap { ProcessEntry(stat: String(decoding: $0, as: UTF8.self)) }
    }

    /// Returns whether the process was started with that `NAME=value` in its environment. Always false for a zombie.
    static func environment(of id: Int32, contains variable: String) -> Bool {
        guard let environment = contents("/proc/\(id)/environ") else { return false }
        return environment.split(separator: 0).contains { $0.elementsEqual(variable.utf8) }
    }

    /// Returns the processes that this process holds a pidfd for. swift-subprocess holds one for each child until it has
    /// reaped the child.
    static func heldProcesses() -> Set<Int32> {
        var held: Set<Int32> = []
        for name in names(in: "/proc/self/fdinfo") {
            guard let info = contents("/proc/self/fdinfo/\(name)") else { continue }
            for line in info.split(separator: 0x0A) where line.starts(with: "Pid:".utf8) {
                let text = String(decoding: line.dropFirst(4).drop { $0 == 0x09 || $0 == 0x20 }, as: UTF8.self)
                if let id = Int32(text) { held.insert(id) }
            }
        }
        return held
    }

    static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    static func contents(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { return nil }
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: chunk.prefix(count))
        }
    }
}
