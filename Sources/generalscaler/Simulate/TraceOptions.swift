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

    static func zone(_ name: String) throws -> TraceZone {
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

/// Options for the recorded metrics of one or several scalers.
struct SimulatedTraceOptions: ParsableArguments {
    @Option(
        name: .customLong("trace"),
        help: ArgumentHelp(
            "File with the recorded metrics: CSV with a header such as time,requests, or JSON; - for stdin. With several "
                + "GeneralScalers, NAMESPACE/NAME=FILE for each.", valueName: "[scaler=]file"))
    var traces: [PerScaler<String>] = []

    @Option(
        help: ArgumentHelp(
            "Time zone of times in the trace that name none, such as Europe/Berlin, UTC or +01:00.", valueName: "zone"))
    var traceTimeZone: String?

    func validate() throws {
        guard traceTimeZone == nil || !traces.isEmpty else {
            throw ValidationError("--trace-time-zone needs --trace.")
        }
    }

    /// The zone of times without one; nil for none.
    func zone() throws -> TraceZone? { try traceTimeZone.map(TraceOptions.zone) }

    /// Returns the path of a scaler's trace; nil for none.
    ///
    /// - Parameter known: the namespaces and names of all scalers. A text before `=` that is none of them is part of a
    ///   path.
    func path(of scaler: String, known: [String]) -> String? {
        traces.last { $0.scaler == scaler }?.value
            ?? traces.last { $0.scaler.map { !known.contains($0) } ?? true }.map { trace in
                trace.scaler.map { "\($0)=\(trace.value)" } ?? trace.value
            }
    }
}
