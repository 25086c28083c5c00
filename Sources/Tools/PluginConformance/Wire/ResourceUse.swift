import Glibc

/// The current resource use of a process.
struct ResourceUse {
    let residentBytes: Int
    /// Writable private memory, used or not: what the sandbox limits.
    let dataBytes: Int
    let openFiles: Int

    /// Reads the resource use; nil if the process has ended.
    init?(of process: pid_t) {
        let status = String(decoding: ProcFile.contents("/proc/\(process)/status"), as: UTF8.self)
        func kibibytes(_ key: String) -> Int? {
            status.split(separator: "\n").first { $0.hasPrefix(key) }?.split(whereSeparator: \.isWhitespace).dropFirst()
                .first.flatMap { Int($0) }
        }
        guard let resident = kibibytes("VmRSS:"), let data = kibibytes("VmData:"),
            let stream = opendir("/proc/\(process)/fd")
        else { return nil }
        defer { closedir(stream) }
        var files = 0
        while let entry = readdir(stream) {
            // Not `.` and `..`.
            if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { files += 1 }
        }
        residentBytes = resident << 10
        dataBytes = data << 10
        openFiles = files
    }

    /// The exceeded limits, for a message; nil if there are none.
    var excess: String? {
        if openFiles > ConformanceLimits.maxOpenFiles { return "it has \(openFiles) files open" }
        if dataBytes > ConformanceLimits.maxMemory { return "it takes \(dataBytes >> 20) MiB of memory" }
        return nil
    }
}
