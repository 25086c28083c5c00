import ArgumentParser
import Glibc
import PluginConformance

struct ReplCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repl",
        abstract: "Call a plugin interactively, and reload it when its files change.",
        usage: "plugin-check repl [options] PLUGIN [-- ARGUMENT ...]",
        discussion: """
            Reads commands from standard input; `help` lists them. Shows readings that the plugin pushes and lines of its \
            standard error as they arrive, and every rule that it breaks. Restarts the plugin when its program changes, or \
            a Python, JavaScript or shell file in the program's directory, which it can import.
            """
    )

    @OptionGroup var arguments: PluginArguments

    /// How often the program's files are checked for a change.
    private static let checkMilliseconds: Int32 = 250

    func run() throws {
        let prompt = Prompt()
        let repl = PluginRepl(arguments.command, options: try arguments.options()) { prompt.show($0) }
        try repl.start()
        defer { repl.end() }
        var input = InputLines()
        prompt.ask()
        while true {
            let isReadable = Self.wait(input.descriptor, repl.descriptors)
            repl.showNews()
            repl.checkProgram()
            guard isReadable else { continue }
            guard let lines = input.read() else { return }
            for line in lines where !(try Self.run(line, repl, prompt)) { return }
        }
    }

    /// - Returns: false if the session is over.
    private static func run(_ line: String, _ repl: PluginRepl, _ prompt: Prompt) throws -> Bool {
        prompt.wasAnswered()
        do throws(ReplProblem) {
            let request = try ReplRequest(line)
            guard request != .exit else { return false }
            repl.run(request)
        } catch {
            prompt.show("\(error)")
        }
        prompt.ask()
        return true
    }

    /// Waits until a line or output of the plugin can be read, or a check is due.
    ///
    /// - Returns: whether standard input can be read.
    private static func wait(_ input: Int32, _ descriptors: [Int32]) -> Bool {
        var entries = ([input] + descriptors).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        return poll(&entries, nfds_t(entries.count), checkMilliseconds) > 0 && entries[0].revents != 0
    }
}

/// Lines of standard input, as they come.
private struct InputLines {
    let descriptor = STDIN_FILENO
    private var rest: [UInt8] = []
    private var isOver = false

    /// Reads what is there.
    ///
    /// - Returns: whole lines, and at the end of the input what follows the last; nil after it.
    mutating func read() -> [String]? {
        guard !isOver else { return nil }
        var chunk = [UInt8](repeating: 0, count: ConformanceLimits.maxConfigBytes)
        let count = Glibc.read(descriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return [] }
        guard count > 0 else {
            isOver = true
            return rest.isEmpty ? nil : [String(decoding: rest, as: UTF8.self)]
        }
        rest += chunk[..<count]
        guard rest.count <= ConformanceLimits.maxConfigBytes || rest.contains(0x0A) else {
            isOver = true
            StandardStreams.printError("plugin-check: a line is longer than \(ConformanceLimits.maxConfigBytes) bytes")
            return nil
        }
        var lines = rest.split(separator: 0x0A, omittingEmptySubsequences: false)
        rest = Array(lines.removeLast())
        return lines.map { String(decoding: $0, as: UTF8.self) }
    }
}

/// The prompt of a terminal, which new output replaces and puts below itself. Nothing where standard input or
/// output is no terminal.
private final class Prompt {
    private let isShown = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1
    private var waits = false

    func ask() {
        waits = true
        if isShown { StandardStreams.print("> ") }
    }

    func wasAnswered() { waits = false }

    func show(_ text: String) {
        let isBelowPrompt = isShown && waits
        StandardStreams.print((isBelowPrompt ? "\r\u{1B}[K" : "") + text + "\n" + (isBelowPrompt ? "> " : ""))
    }
}
