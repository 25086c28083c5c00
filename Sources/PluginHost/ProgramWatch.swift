/// Looks at the plugins' files from time to time, so that a new version is swapped in without a restart.
enum ProgramWatch {
    /// Until the task is cancelled. Versions that are being tried when it is are killed before this returns.
    @concurrent
    static func run(_ supervisors: [PluginSupervisor], clock: HostClock) async {
        await withDiscardingTaskGroup { trials in
            while (try? await clock.sleep(clock.now() + PluginHostLimits.programPollInterval)) != nil {
                for supervisor in supervisors {
                    let found = ProgramFile.Fingerprint(supervisor.program.path)
                    trials.addTask { await supervisor.lookForNewVersion(found) }
                }
            }
            trials.cancelAll()
        }
    }
}
