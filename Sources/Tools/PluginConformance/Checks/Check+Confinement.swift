import CLinux
import FoundationEssentials
import Glibc
import PluginHost
import PluginProtocol
import WireFormats

extension Check {
    static let confinement: [Check] = [
        Check(.confined) { context throws(Stop) in
            guard let launcher = context.options.launcher else {
                throw .skip("there is no generalscaler-launch next to plugin-check: give --launcher")
            }
            guard clinux_landlock_version() > 0 else { throw .skip("this kernel has no Landlock") }
            let config = try context.goodConfig()
            let verdict = try context.validate(config)
            let reply = try context.call(.getMetricValue, context.valueParams(config))
            guard let directory = ScratchDirectory() else { throw .skip("no temporary directory can be made") }
            defer { directory.remove() }
            let confined = CheckContext(
                try command(context, launcher: launcher, temporary: directory.path), options: context.options)
            defer { confined.endSession() }
            do throws(Stop) {
                _ = try confined.firstHandshake()
                let confinedVerdict = try confined.validate(config)
                let confinedReply = try confined.call(.getMetricValue, confined.valueParams(config))
                if confinedVerdict != verdict {
                    context.note(.confined, "validate_config gives another verdict in the sandbox", evidence: config)
                } else if let error = confinedReply.error, error.code != reply.error?.code {
                    context.note(.confined, "confined, a call fails: \(error.summary)", evidence: error.json)
                } else {
                    try compareAnswers(context, confined, config)
                }
            } catch {
                guard case .skip = error else { throw error }
                let words = confined.lastWords.map { "; its last output: \($0)" } ?? ""
                let message = confined.log.findings.first?.message ?? "it does not answer"
                context.note(.confined, "confined: \(message)\(words)")
            }
        }
    ]

    /// Compares the values of a confined and of an unconfined process of the same age, call by call.
    ///
    /// A value may change between two calls. So only a value that stays on one side of all unconfined ones, for as many
    /// rounds as chance does not explain, is a difference.
    private static func compareAnswers(
        _ context: CheckContext, _ confined: CheckContext, _ config: JSON
    ) throws(Stop) {
        let free = CheckContext(context.command, options: context.options)
        defer { free.endSession() }
        // As many calls as the confined process has had.
        guard try answer(free, config, first: true) != nil else { return }
        var comparison = ConfinedComparison()
        for _ in 0..<ConformanceLimits.comparedCalls {
            guard let freeAnswer = try answer(free, config) else { return }
            let reply = try confined.call(.getMetricValue, confined.valueParams(config))
            comparison.add(unconfined: freeAnswer, confined: ConfinedComparison.Answer(reply))
            guard comparison.differs else { return }
        }
        context.note(
            .confined,
            "confined, a call is answered with \(comparison.confinedText), unconfined with "
                + comparison.unconfinedText, evidence: config,
            fix: "name the path in readPaths of plugins.yaml (--read-path here), and answer an error if opening or "
                + "listing a file fails: access() and [[ -r ]] do not see the sandbox")
    }

    /// Nil if there is none: other checks report what is wrong outside of the sandbox.
    private static func answer(
        _ context: CheckContext, _ config: JSON, first: Bool = false
    ) throws(Stop) -> ConfinedComparison.Answer? {
        do throws(Stop) {
            if first { _ = try context.firstHandshake() }
            return ConfinedComparison.Answer(try context.call(.getMetricValue, context.valueParams(config)))
        } catch {
            guard case .skip = error else { throw error }
            return nil
        }
    }

    private static func command(
        _ context: CheckContext, launcher: String, temporary: String
    ) throws(Stop) -> PluginCommand {
        var command = context.command
        let searchPath = getenv("PATH").map { String(cString: $0) } ?? ""
        do throws(PluginHostError) {
            let words = try ConfinedCommand.words(
                command.path, arguments: command.arguments, launcher: launcher, temporary: temporary,
                readPaths: command.readPaths, searchPath: command.environment["PATH"] ?? searchPath,
                protectedPaths: ProtectedPaths.standard([:]))
            command.path = words[0]
            command.arguments = Array(words.dropFirst())
        } catch {
            throw .skip("it cannot be confined: \(error)")
        }
        command.environment["TMPDIR"] = temporary
        return command
    }
}

/// Whether the answers of a confined process are other than those of an unconfined one.
struct ConfinedComparison {
    enum Answer: Hashable {
        case value(Double, isAssumed: Bool)
        case error(Int?)

        init(_ reply: CheckContext.Reply) {
            switch reply {
            case .error(let error): self = .error(error.code)
            case .result(let json):
                self = .value(json["value"]?.doubleValue ?? .nan, isAssumed: json["assumed"] == true)
            }
        }

        var text: String {
            switch self {
            case .value(let value, let isAssumed):
                "the value \(Int64(exactly: value).map(String.init) ?? "\(value)")\(isAssumed ? " (assumed)" : "")"
            case .error(let code): "the error \(code.map(String.init) ?? "without a code")"
            }
        }
    }

    private var unconfined: [Answer] = []
    private var confined: [Answer] = []

    mutating func add(unconfined free: Answer, confined answer: Answer) {
        unconfined.append(free)
        confined.append(answer)
    }

    var confinedText: String { confined.last?.text ?? "nothing" }
    var unconfinedText: String { unconfined.last?.text ?? "nothing" }

    /// Whether no confined answer has been one that could as well have come unconfined.
    var differs: Bool {
        let free = unconfined.compactMap(\.number)
        let bound = confined.compactMap(\.number)
        guard free.count == unconfined.count, bound.count == confined.count else {
            return Set(unconfined.map(\.kind)).isDisjoint(with: confined.map(\.kind))
        }
        guard let (low, high) = free.range, let (confinedLow, confinedHigh) = bound.range else { return false }
        return confinedHigh < low || confinedLow > high
            || Set(unconfined.map(\.kind)).isDisjoint(with: confined.map(\.kind))
    }
}

extension ConfinedComparison.Answer {
    fileprivate var number: Double? {
        guard case .value(let value, _) = self, value.isFinite else { return nil }
        return value
    }

    /// The answer without its number.
    fileprivate var kind: Self {
        switch self {
        case .value(_, let isAssumed): .value(0, isAssumed: isAssumed)
        case .error: self
        }
    }
}

extension [Double] {
    fileprivate var range: (Double, Double)? {
        guard let low = self.min(), let high = self.max() else { return nil }
        return (low, high)
    }
}

/// An empty directory for one confined process.
private struct ScratchDirectory {
    let path: String

    init?() {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/plugin-check-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return nil }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Removes the directory and the plugin's files in it.
    func remove() {
        // If it cannot be removed, it stays among the system's temporary files.
        try? FileManager.default.removeItem(atPath: path)
    }
}
