/// Checks the plugins' files periodically, so that a new version is swapped in without a restart.
struct ProgramWatch: Sendable {
    let supervisors: [PluginSupervisor]

    /// Runs until the task is cancelled, and kills versions on trial before it returns.
    @concurrent
    func run(clock: HostClock) async {
        await withDiscardingTaskGroup { checks in
            while (try? await clock.sleep(clock.now() + PluginHostLimits.programPollInterval)) != nil {
                checks.addTask { await check() }
            }
            checks.cancelAll()
        }
    }

    /// Checks once, and returns when each new version has taken over or has been refused.
    @concurrent
    func check() async {
        await withDiscardingTaskGroup { trials in
            for supervisor in supervisors {
                let found = ProgramFile.Fingerprint(supervisor.program.path)
                trials.addTask { await supervisor.checkForNewVersion(found) }
            }
        }
    }
}
