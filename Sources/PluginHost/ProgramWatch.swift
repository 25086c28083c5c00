import Synchronization

/// Looks at the plugin directories from time to time, so that a new version of a plugin is swapped in, and a new plugin
/// started, without a restart of the operator.
final class ProgramWatch: Sendable {
    private let roster: PluginRoster
    /// The programs in the plugin directories beside those known.
    private let findNew: @Sendable (_ known: Set<String>) -> [PluginProgram]
    private let install: @Sendable (PluginProgram) -> Void
    /// New programs as they lay there at the last look: one that is being copied still changes.
    private let seen = Mutex<[String: ProgramFile.Fingerprint]>([:])

    init(
        roster: PluginRoster, findNew: @escaping @Sendable (_ known: Set<String>) -> [PluginProgram],
        install: @escaping @Sendable (PluginProgram) -> Void
    ) {
        self.roster = roster
        self.findNew = findNew
        self.install = install
    }

    /// Until the task is cancelled. Versions that are being tried when it is are killed before this returns.
    @concurrent
    func run(clock: HostClock) async {
        await withDiscardingTaskGroup { looks in
            while (try? await clock.sleep(clock.now() + PluginHostLimits.programPollInterval)) != nil {
                looks.addTask { await self.look() }
            }
            looks.cancelAll()
        }
    }

    /// Returns when each version that was found has taken over or been refused.
    @concurrent
    func look() async {
        lookForNewPrograms()
        await withDiscardingTaskGroup { trials in
            for supervisor in roster.supervisors {
                let found = ProgramFile.Fingerprint(supervisor.program.path)
                trials.addTask { await supervisor.lookForNewVersion(found) }
            }
        }
    }

    private func lookForNewPrograms() {
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
