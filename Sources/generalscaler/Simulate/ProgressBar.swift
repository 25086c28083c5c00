import CommandSupport
import Glibc

/// A bar on stderr while something takes long; nothing if stderr is no terminal, or the work is soon done.
struct ProgressBar {
    private static let width = 40
    /// Work that is done by then needs no bar.
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

    /// Takes the bar away.
    func clear() {
        if shown >= 0 { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) { StandardStreams.write(Array(text.utf8), to: STDERR_FILENO) }
}
