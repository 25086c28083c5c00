import Logging
import PluginProtocol

extension PluginSupervisor {
    /// Compares the program's file with the running one, and replaces the run if the file has changed and is complete.
    ///
    /// The new version is started in parallel and must complete the handshake, offer the same types and accept the
    /// configs that the old one accepted. It then receives new calls, and the old run ends after its open calls.
    func checkForNewVersion(_ found: ProgramFile.Fingerprint?) async {
        guard case .up(let run) = lifecycle.phase, let old = launches[run]?.instance else { return }
        let running = await old.vitals.fingerprint
        guard lifecycle.phase == .up(run), changes.isNewVersion(found, running: running),
            let successor = lifecycle.beginTrial()
        else { return }
        logger.info("plugin file changed; trying the new version")
        perform([.start(successor)])
        guard let launch = launches[successor] else { return }
        await withTaskCancellationHandler {
            guard let problem = await trial(of: successor, launch) else { return }
            changes.refuse(found)
            record.lastFailure = problem
            perform(lifecycle.refuse(successor))
            _ = await launch.end.value
            guard !lifecycle.isStopping else { return }
            logger.error("new plugin version rejected; keeping the old one", metadata: ["problem": "\(problem)"])
        } onCancel: {
            launch.end.cancel()
        }
    }

    /// - Returns: the reason why the new version does not take over; nil if it does.
    private func trial(of successor: PluginLifecycle.Run, _ launch: Launch) async -> String? {
        guard let initialized = await launch.instance.offer() else { return await launch.end.value.failure.message }
        if let problem = await objection(to: initialized, by: launch.instance) { return problem }
        guard let actions = lifecycle.accept(successor) else { return "the plugin was restarted during the trial" }
        takeOver(initialized)
        perform(actions)
        return nil
    }

    private func objection(to initialized: InitializeResult, by candidate: any PluginInstance) async -> String? {
        let offered = Set(initialized.metricTypes.map(\.type))
        if let missing = record.offer?.metricTypes.map(\.type).first(where: { !offered.contains($0) }) {
            return "plugin \(program.name) no longer offers metric type \"\(missing)\""
        }
        for (type, config) in configs.all {
            let answer = await candidate.call(
                .validateConfig(type: type, config: config.json), about: CallSubject(type: type, config: config),
                timeout: PluginHostLimits.validateTimeout, isolation: self)
            switch answer {
            case .success(.verdict(.valid)): continue
            case .success(.verdict(.invalid(let problems))):
                // The config of one user, and the plugin's message about it, must not be visible to other users of the
                // plugin.
                logger.notice(
                    "new plugin version rejects a config",
                    metadata: ["problem": "\(problems.first.map(\.description) ?? "")"])
                return "plugin \(program.name) no longer accepts a config of type \"\(type)\" that it accepted before"
            case .success: return "plugin \(program.name) answered validate_config with something else"
            case .failure(let failure):
                return "plugin \(program.name) cannot check a config of type \"\(type)\" that it accepted before "
                    + "(\(failure.reason))"
            }
        }
        return nil
    }
}
