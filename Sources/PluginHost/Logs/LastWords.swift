/// The line of a plugin's standard error that says why it ended.
///
/// That is the last line, except after the report of an uncaught error by Node or Go, which ends with the stack, or with
/// Node's version.
package struct LastWords: Sendable {
    /// Lines after the message of an uncaught error in which its report ends.
    private static let maxReportLines = 200

    private var last: String?
    private var message: String?
    private var linesSinceMessage = 0

    package init() {}

    /// The line; nil if there was none.
    package var line: String? {
        guard let last else { return nil }
        return Self.endsReport(last) && linesSinceMessage <= Self.maxReportLines ? message ?? last : last
    }

    /// Takes the next line. Blank ones say nothing.
    package mutating func add(_ line: String) {
        guard !line.allSatisfy(\.isWhitespace) else { return }
        last = line
        linesSinceMessage += 1
        guard Self.isMessage(line) else { return }
        message = line
        linesSinceMessage = 0
    }

    /// `TypeError: x is not a function`, `Error [ERR_MODULE_NOT_FOUND]: …`, `panic: …`, `fatal error: …`.
    private static func isMessage(_ line: String) -> Bool {
        if line.hasPrefix("panic: ") || line.hasPrefix("fatal error: ") { return true }
        let name =
            line.drop { $0 == " " }.count == line.count ? line.prefix { $0.isLetter || $0.isNumber || $0 == "_" } : ""
        guard name.hasSuffix("Error") || name.hasSuffix("Exception") else { return false }
        let rest = line.dropFirst(name.count)
        return rest.isEmpty || rest.hasPrefix(":") || rest.hasPrefix(" [")
    }

    /// Whether this line is the last one of such a report.
    private static func endsReport(_ line: String) -> Bool {
        if let first = line.first, first.isWhitespace { return true }
        return line == "}"
            || ["Node.js v", "goroutine ", "created by ", "exit status "].contains { line.hasPrefix($0) }
    }
}
