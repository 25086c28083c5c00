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
                    context.note(.confined, "validate_config gives another verdict confined", evidence: config)
                } else if let error = confinedReply.error, error.code != reply.error?.code {
                    context.note(.confined, "confined, a call fails: \(error.summary)", evidence: error.json)
                }
            } catch {
                guard case .skip = error else { throw error }
                let words = confined.lastWords.map { "; its last output: \($0)" } ?? ""
                let message = confined.log.findings.first?.message ?? "it does not answer"
                context.note(.confined, "confined: \(message)\(words)")
            }
        }
    ]

    private static func command(
        _ context: CheckContext, launcher: String, temporary: String
    ) throws(Stop) -> PluginCommand {
        var command = context.command
        let searchPath = getenv("PATH").map { String(cString: $0) } ?? ""
        do throws(PluginHostError) {
            let words = try ConfinedCommand.words(
                command.path, arguments: command.arguments, launcher: launcher, temporary: temporary,
                readPaths: context.options.readPaths, searchPath: command.environment["PATH"] ?? searchPath,
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
