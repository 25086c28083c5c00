import Glibc
package import Scaling
import Synchronization

/// A directory with the compiled files of the IANA time zone database, one for each zone. What was read is kept, so that
/// a scaler has the same zone in every decision of a process.
package final class TimeZoneDirectory: TimeZoneProvider {
    package static let maxNameCharacters = 64
    /// The largest file of the database has some kilobytes.
    private static let maxFileBytes = 64 << 10
    private static let maxNameParts = 4

    /// The directory of the system, or that of the environment variable `TZDIR`, as the C library has it.
    package static let system = TimeZoneDirectory(getenv("TZDIR").map { String(cString: $0) } ?? "/usr/share/zoneinfo")

    package let path: String
    private let zones = Mutex<[String: Zone]>([:])

    package init(_ path: String) {
        self.path = path
    }

    private struct Zone: TimeZoneOffsets {
        let name: String
        let file: TimeZoneFile

        func span(at instant: Int64) -> OffsetSpan { file.span(at: instant) }
    }

    /// The edition of the database, such as `2025b`; nil if the directory does not say.
    package var version: String? {
        for (file, mark) in [("tzdata.zi", "# version "), ("+VERSION", "")] {
            guard let start = Self.bytes("\(path)/\(file)", first: 64) else { continue }
            let line = String(decoding: start.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
            let version = line.dropFirst(mark.count)
            let isVersion = version.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "z") ~= $0 }
            if line.hasPrefix(mark), isVersion, (5...16).contains(version.count) { return String(version) }
        }
        return nil
    }

    /// - Parameter name: such as `America/New_York`. `UTC` needs no file.
    package func zone(_ name: String) throws(TimeZoneProblem) -> any TimeZoneOffsets {
        if UniversalTime.names.contains(name) { return UniversalTime(name: name) }
        guard Self.isName(name) else {
            throw TimeZoneProblem(
                message: "must be the name of a time zone, such as Europe/Berlin or UTC, not \"\(name.prefix(64))\"")
        }
        if let known = zones.withLock({ $0[name] }) { return known }
        guard let data = Self.bytes("\(path)/\(name)", first: Self.maxFileBytes + 1) else { throw missing(name) }
        guard data.count <= Self.maxFileBytes, let file = TimeZoneFile(data) else {
            throw TimeZoneProblem(
                message:
                    "\"\(name)\" cannot be used: \(path)/\(name) is not a time zone file (TZif) without leap seconds")
        }
        let zone = Zone(name: name, file: file)
        zones.withLock { $0[name] = zone }
        return zone
    }

    private func missing(_ name: String) -> TimeZoneProblem {
        guard access("\(path)/Etc/UTC", R_OK) == 0 else {
            return TimeZoneProblem(
                message:
                    "\"\(name)\" cannot be used: there are no time zones in \(path); install the package tzdata, or "
                    + "use UTC")
        }
        let edition = version.map { " \($0)" } ?? ""
        return TimeZoneProblem(
            message:
                "\"\(name)\" is not a time zone of the IANA database\(edition) in \(path); names are case-sensitive, "
                + "such as Europe/Berlin")
    }

    /// Returns whether the name consists of letters, digits, `_`, `+` and `-`, with `/` between its parts, so that no path
    /// leads out of the directory. The name of the system's own zone, and those of files for other uses, are no zones.
    private static func isName(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= maxNameParts, name.utf8.count <= maxNameCharacters,
            !["posix", "right", "localtime", "posixrules", "Factory"].contains(String(Substring(first)))
        else { return false }
        let isLetter = { (byte: UInt8) in (0x41...0x5A).contains(byte & 0xDF) }
        return first.first.map(isLetter) ?? false
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || "_+-".utf8.contains($0) }
            }
    }

    /// Returns the beginning of a file; nil if it cannot be read.
    private static func bytes(_ path: String, first limit: Int) -> [UInt8]? {
        // Nonblocking, in case it is no regular file.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var content = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let read = content.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, limit - count)
            }
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else { return nil }
            if read == 0 { break }
            count += read
        }
        content.removeLast(limit - count)
        return content
    }
}
