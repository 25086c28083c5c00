import CommandSupport
import Glibc

/// A table that redraws itself in place, or one line for each row if stdout is no terminal.
struct LiveTable {
    /// Of a table in place, the newest rows that stay visible.
    private static let visibleRows = 18
    /// The width of a terminal that does not tell its own.
    private static let defaultWidth = 100

    private let header: [String]
    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private var rows: [String] = []
    /// Lines of the table on the screen.
    private var shown = 0

    init(header: [String]) { self.header = header }

    mutating func add(_ row: String) {
        defer { shown = header.count + rows.count }
        rows = (rows + [row]).suffix(Self.visibleRows)
        guard isTerminal else {
            return StandardStreams.printLine(((shown == 0 ? header : []) + [row]).joined(separator: "\n"))
        }
        var size = winsize()
        let width =
            ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
            ? Int(size.ws_col) : Self.defaultWidth
        let home = shown > 0 ? "\u{1B}[\(shown)A" : ""
        StandardStreams.printLine(
            home + (header + rows).map { "\u{1B}[2K" + $0.prefix(width) }.joined(separator: "\n"))
    }
}
