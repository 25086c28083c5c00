import Glibc

/// The current resource use of a process.
struct ResourceUse {
    /// Memory that is nobody else's, swapped out or not.
    let privateBytes: Int
    /// Memory of its own that it may write to, whether touched or not: what the sandbox limits.
    let dataBytes: Int
    let openFiles: Int

    /// Reads the resource use; nil if the process has ended.
    init?(of process: pid_t) {
        let status = String(decoding: ProcFile.contents("/proc/\(process)/status"), as: UTF8.self)
        func kibibytes(_ key: String) -> Int? {
            status.split(separator: "\n").first { $0.hasPrefix(key) }?.split(whereSeparator: \.isWhitespace).dropFirst()
                .first.flatMap { Int($0) }
        }
        guard let data = kibibytes("VmData:"),
            let stream = opendir("/proc/\(process)/fd")
        else { return nil }
        defer { closedir(stream) }
        var files = 0
        while let entry = readdir(stream) {
            // Not `.` and `..`.
            if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { files += 1 }
        }
        privateBytes = Self.privateBytes(of: process)
        dataBytes = data << 10
        openFiles = files
    }

    private static func privateBytes(of process: pid_t) -> Int {
        let rollup = String(decoding: ProcFile.contents("/proc/\(process)/smaps_rollup"), as: UTF8.self)
        let kibibytes = rollup.split(separator: "\n").reduce(0) { sum, line in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let name = words.first, words.count > 1,
                ["Private_Clean:", "Private_Dirty:", "Swap:"].contains(name)
            else { return sum }
            return sum + (Int(words[1]) ?? 0)
        }
        return kibibytes << 10
    }

    private init(privateBytes: Int, dataBytes: Int, openFiles: Int) {
        self.privateBytes = privateBytes
        self.dataBytes = dataBytes
        self.openFiles = openFiles
    }

    /// What several processes hold together; nil if none is left.
    static func sum(of processes: [pid_t]) -> ResourceUse? {
        let uses = processes.compactMap { ResourceUse(of: $0) }
        guard !uses.isEmpty else { return nil }
        return uses.reduce(ResourceUse(privateBytes: 0, dataBytes: 0, openFiles: 0)) {
            ResourceUse(
                privateBytes: $0.privateBytes + $1.privateBytes, dataBytes: $0.dataBytes + $1.dataBytes,
                openFiles: $0.openFiles + $1.openFiles)
        }
    }

    /// What is more than a plugin may hold, in words; nil if nothing is.
    var excess: String? {
        if openFiles > ConformanceLimits.maxOpenFiles { return "it has \(openFiles) files open" }
        if dataBytes > ConformanceLimits.maxMemory { return "it takes \(dataBytes >> 20) MiB of memory" }
        return nil
    }
}
