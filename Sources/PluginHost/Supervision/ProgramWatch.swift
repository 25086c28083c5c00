/// Looks at the plugins' files from time to time, so that a new version is swapped in without a restart.
struct ProgramWatch: Sendable {
    let supervisors: [PluginSupervisor]

    /// Until the task is cancelled. Versions that are being tried when it is are killed before this returns.
    @concurrent
    func run(clock: HostClock) async {
        await withDiscardingTaskGroup { checks in
            while (try? await clock.sleep(clock.now() + PluginHostLimits.programPollInterval)) != nil {
                checks.addTask { await check() }
            }
            checks.cancelAll()
        }
    }

    /// Returns when each version that was found has taken over or been refused.
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
