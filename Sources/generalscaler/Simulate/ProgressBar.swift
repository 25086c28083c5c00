import CommandSupport
import Glibc

/// A progress bar on stderr for long operations; not shown if stderr is not a terminal.
struct ProgressBar {
    private static let width = 40
    /// How long to wait before showing the bar.
    private static let patience: Duration = .milliseconds(500)

    private let label: String
    private let start = ContinuousClock.now
    private let isOnTerminal = isatty(STDERR_FILENO) == 1
    private var shown = -1

    init(_ label: String) {
        self.label = label
    }

    mutating func update(_ share: Double) {
        let percent = Int(share * 100)
        guard isOnTerminal, percent != shown, ContinuousClock.now - start > Self.patience else { return }
        shown = percent
        let filled = Self.width * percent / 100
        let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: Self.width - filled)
        write("\r\(label) \(bar) \(percent)%")
    }

    /// Removes the bar.
    func clear() {
        if shown >= 0 { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) { StandardStreams.write(Array(text.utf8), to: STDERR_FILENO) }
}
