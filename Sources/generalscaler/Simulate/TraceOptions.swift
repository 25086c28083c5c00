import ArgumentParser
import Backtest
import CommandSupport
import FoundationEssentials

/// Options for recorded metrics.
struct TraceOptions: ParsableArguments {
    @Option(help: "File with the recorded metrics: CSV with a header such as time,requests, or JSON; - for stdin.")
    var trace: String?

    @Option(
        help: ArgumentHelp(
            "Time zone of times in the trace that name none, such as Europe/Berlin, UTC or +01:00.", valueName: "zone"))
    var traceTimeZone: String?

    private static let maxBytes = 1 << 30
    /// The maximum bytes of a time zone file, which usually has a few kilobytes.
    private static let maxZoneBytes = 1 << 20
    private static let zoneDirectory = "/usr/share/zoneinfo"

    func validate() throws {
        guard traceTimeZone == nil || trace != nil else { throw ValidationError("--trace-time-zone needs --trace.") }
    }

    /// Reads the trace; returns nil if no file is given.
    func read() throws -> Trace? {
        guard let trace else { return nil }
        return try Self.read(trace, zone: try traceTimeZone.map(Self.zone))
    }

    static func read(_ path: String, zone: TraceZone?) throws(FileProblem) -> Trace {
        let bytes = try FileText.bytes(path, maxBytes: maxBytes)
        do throws(TraceError) {
            return try Trace(bytes: bytes, isJSON: path.lowercased().hasSuffix(".json") ? true : nil, zone: zone)
        } catch {
            throw FileProblem(path: path, message: error.description)
        }
    }

    private static func zone(_ name: String) throws -> TraceZone {
        if let zone = TraceZone(offset: name) { return zone }
        let isName = name.utf8.allSatisfy {
            Character(UnicodeScalar($0)).isLetter || "/_-+0123456789".utf8.contains($0)
        }
        let path = "\(ProcessInfo.processInfo.environment["TZDIR"] ?? zoneDirectory)/\(name)"
        guard isName, !name.isEmpty, !name.hasPrefix("/"),
            let data = try? FileText.bytes(path, maxBytes: maxZoneBytes)
        else {
            throw ValidationError(
                "--trace-time-zone: \"\(name)\" is neither an offset such as +01:00 nor a zone of the time zone database, "
                    + "which the package tzdata installs in \(zoneDirectory).")
        }
        do throws(TraceError) {
            return try TraceZone(name: name, data: data)
        } catch {
            throw ValidationError("--trace-time-zone: \(path) \(error).")
        }
    }
}
