import Synchronization
import SystemIO

/// Checks the plugin directories periodically, so that a new version of a plugin is swapped in, and a new plugin started,
/// without a restart of the operator.
final class ProgramWatch: Sendable {
    private let roster: PluginRoster
    /// Finds the programs in the plugin directories that are not known yet.
    private let findNew: @Sendable (_ known: Set<String>) -> [PluginProgram]
    private let install: @Sendable (PluginProgram) -> Void
    /// New programs at the last check. A program starts once it is unchanged since then: one that is being copied changes.
    private let seen = Mutex<[String: ProgramFile.Fingerprint]>([:])

    init(
        roster: PluginRoster, findNew: @escaping @Sendable (_ known: Set<String>) -> [PluginProgram],
        install: @escaping @Sendable (PluginProgram) -> Void
    ) {
        self.roster = roster
        self.findNew = findNew
        self.install = install
    }

    /// Runs until the task is cancelled, and kills versions on trial before it returns.
    @concurrent
    func run(time: TimeSource) async {
        await withDiscardingTaskGroup { checks in
            while (try? await time.sleep(PluginHostLimits.programPollInterval)) != nil {
                checks.addTask { await self.check() }
            }
            checks.cancelAll()
        }
    }

    /// Checks once, and returns when each new version has taken over or has been refused.
    @concurrent
    func check() async {
        checkForNewPrograms()
        await withDiscardingTaskGroup { trials in
            for supervisor in roster.supervisors {
                let found = ProgramFile.Fingerprint(supervisor.program.path)
                trials.addTask { await supervisor.checkForNewVersion(found) }
            }
        }
    }

    private func checkForNewPrograms() {
        let programs = findNew(roster.names)
        let found = Dictionary(
            programs.compactMap { program in ProgramFile.Fingerprint(program.path).map { (program.path, $0) } },
            uniquingKeysWith: { first, _ in first })
        let before = seen.withLock { seen in
            defer { seen = found }
            return seen
        }
        for program in programs where found[program.path] != nil && found[program.path] == before[program.path] {
            install(program)
        }
    }
}
