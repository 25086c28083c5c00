import Glibc

/// The resource use of this process, for the standard process metrics. Values that the kernel does not report are nil.
///
/// Read from Linux's `/proc`, as described in proc_pid_stat(5).
struct ProcessUsage: Sendable, Hashable {
    /// CPU time in user and system mode.
    var cpuSeconds: Double?
    var residentBytes: Double?
    var virtualBytes: Double?
    var openDescriptors: Double?
    /// The soft limit of file descriptors.
    var maxDescriptors: Double?
    /// The start time in seconds since 1970.
    var startTime: Double?
}

/// Reads ``ProcessUsage`` of this process.
struct ProcessProbe: Sendable {
    /// The maximum bytes read from a file of `/proc`. The needed line of `/proc/stat` follows one line per CPU and a
    /// long one for interrupts.
    private static let maxBytes = 1 << 20

    private let root: String
    /// The boot time in seconds since 1970. Read once, because the file is slow to read on large machines.
    private let bootTime: Double?

    /// - Parameter root: the mount point of `/proc`.
    init(root: String = "/proc") {
        self.root = root
        bootTime = Self.read("\(root)/stat").flatMap(Self.bootTime(of:))
    }

    func usage() -> ProcessUsage {
        var usage = Self.read("\(root)/self/stat").flatMap { parsed($0) } ?? ProcessUsage()
        usage.openDescriptors = countDescriptors()
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur != rlim_t.max {
            usage.maxDescriptors = Double(limit.rlim_cur)
        }
        return usage
    }

    private func parsed(_ stat: String) -> ProcessUsage? {
        // The second field is the program's name in parentheses, which may itself contain blanks and parentheses.
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(whereSeparator: \.isWhitespace)
        /// - Parameter number: the field's number in the manual page, from 1.
        func field(_ number: Int) -> Double? { fields.indices.contains(number - 3) ? Double(fields[number - 3]) : nil }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        let page = Double(sysconf(Int32(_SC_PAGESIZE)))
        var usage = ProcessUsage()
        if let user = field(14), let system = field(15) { usage.cpuSeconds = (user + system) / ticks }
        if let bootTime, let start = field(22) { usage.startTime = bootTime + start / ticks }
        usage.virtualBytes = field(23)
        usage.residentBytes = field(24).map { $0 * page }
        return usage
    }

    private func countDescriptors() -> Double? {
        guard let stream = opendir("\(root)/self/fd") else { return nil }
        defer { closedir(stream) }
        let own = String(dirfd(stream))
        var count = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if Int(name) != nil, name != own { count += 1 }
        }
        return Double(count)
    }

    private static func bootTime(of stat: String) -> Double? {
        stat.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst("btime ".count)) }
    }

    private static func read(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4 << 10)
        while text.count < maxBytes, case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
            text += chunk[..<count]
        }
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
    }
}
