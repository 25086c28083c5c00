import CLinux
package import Logging
package import PluginProtocol
import ServiceLifecycle
import Synchronization
package import SystemIO
package import WireFormats

/// Runs the installed plugins and calls them.
///
/// All callers share one process per plugin. A plugin that crashes, hangs or writes too much fails only its own calls
/// and is restarted; it delays neither its callers past their deadlines nor other plugins. The hosting process ignores
/// SIGPIPE and is a child subreaper from the first host on.
package final class PluginHost: Service {
    let programs: ProgramWatch
    let roster: PluginRoster
    let registry: SharedTypeRegistry
    private let logs: LogPump
    let time: TimeSource
    let loop: EventLoop
    private let containment: Containment
    private let launcher: String?
    private let logger: Logger
    private let restsAfter: Duration?
    private let lastSubscription = Atomic<Int>(0)

    /// Reads the manifest and finds the plugins; none is started before ``run()``.
    ///
    /// - Parameters:
    ///   - time: for deadlines and restarts.
    ///   - random: uniform in 0..<1, for the jitter of restarts.
    /// - Throws: ``PluginHostError`` if the manifest is invalid or the system has no descriptor or thread left.
    package init(
        configuration: PluginHostConfiguration,
        time: TimeSource = .system,
        random: @escaping @Sendable () -> Double = { .random(in: 0..<1) },
        logger: Logger
    ) throws(PluginHostError) {
        ProcessSetup.once
        var manifest = PluginManifest.none
        if let path = configuration.manifest {
            manifest = try PluginManifest(contentsOf: path, defaultsFault: configuration.defaultsFault)
        }
        let found = try PluginDiscovery.find(configuration, manifest: manifest)
        Self.warn(found, configuration, logger)
        do {
            loop = try EventLoop()
            containment = try Containment(configuration)
        } catch {
            throw PluginHostError("the plugin host cannot start: \(error)")
        }
        self.time = time
        restsAfter = configuration.restsAfter
        logs = LogPump(logger: logger)
        let registry = SharedTypeRegistry(
            TypeRegistry(plugins: found.programs.map(\.name), directories: configuration.directories))
        self.registry = registry
        let manifests = configuration.manifest.map { [ProtectedPaths.absolute($0)] } ?? []
        let launcher = PluginLauncher(
            program: configuration.launcher, workspaces: containment.workspaces,
            protectedPaths: configuration.protectedPaths.map(ProtectedPaths.absolute) + manifests,
            guardProcess: containment.guardProcess)
        self.launcher = configuration.launcher
        self.logger = logger
        let dependencies = PluginSession.Dependencies(
            loop: loop, time: time, logs: logs, launcher: launcher, containment: containment,
            hostVersion: configuration.hostVersion, handshakeTimeout: configuration.handshakeTimeout)
        let member: @Sendable (PluginProgram) -> PluginRoster.Member = { program in
            let gate = AddressFilter(
                plugin: program.name, allowed: program.allowedAddresses, defaults: program.defaults)
            let supervisor = PluginSupervisor(
                program: program, dependencies: dependencies, logger: logger, random: random
            ) { initialized in
                registry.types.withLock { $0.handshakeCompleted(program.name, initialized) }
                    + gate.handshakeCompleted(initialized.metricTypes)
            }
            return PluginRoster.Member(supervisor: supervisor, gate: gate)
        }
        let roster = PluginRoster()
        for program in found.programs { roster.add(member(program)) }
        self.roster = roster
        programs = ProgramWatch(roster: roster) { known in
            PluginDiscovery.findNew(configuration, known: known)
        } install: { program in
            registry.types.withLock { $0.add(program.name) }
            guard roster.add(member(program)) else { return }
            logger.info(
                "found new plugin", metadata: ["plugin": "\(program.name)", "path": "\(program.path)"])
        }
    }

    private static func warn(
        _ found: PluginDiscovery.Result, _ configuration: PluginHostConfiguration, _ logger: Logger
    ) {
        for warning in found.warnings { logger.warning("skipping plugin", metadata: ["reason": "\(warning)"]) }
        if found.programs.isEmpty {
            logger.warning(
                "no plugin found; no metric can be read",
                metadata: ["directories": "\(configuration.directories.joined(separator: ", "))"])
        }
        if found.programs.contains(where: \.isConfined), clinux_landlock_version() == 0 {
            logger.warning("plugins can read the operator's files: this kernel has no Landlock (requires Linux 5.13)")
        }
    }

    /// Starts all plugins and keeps them running until graceful shutdown, which ends them, or until the task is
    /// cancelled, which kills them. No process of theirs is left afterwards.
    package func run() async throws {
        do {
            try containment.start(launcher: launcher)
        } catch {
            _ = containment.stop()
            throw PluginHostError("the plugin host cannot start: \(error)")
        }
        await runPlugins()
        if let left = containment.stop() {
            logger.warning("failed to remove plugins' temporary directories", metadata: ["reason": "\(left)"])
        }
    }

    private func runPlugins() async {
        await withTaskGroup { group in
            group.addTask { await self.logs.run() }
            await withTaskGroup { background in
                background.addTask { await self.removeLeftOver() }
                background.addTask { await OrphanReaper.run(time: self.time) }
                background.addTask { await self.programs.run(time: self.time) }
                background.addTask {
                    // Throws if the plugins have stopped, or are killed, without a graceful shutdown.
                    guard (try? await gracefulShutdown()) != nil else { return }
                    await self.stopAll()
                }
                await self.runAll()
                background.cancelAll()
            }
            logs.finish()
        }
    }

    /// Removes the temporary directories of killed operators.
    @concurrent
    private func removeLeftOver() async {
        let (removed, problems) = WorkspaceRoot.removeLeftOver(in: containment.workspaces.parent)
        if removed > 0 {
            logger.info(
                "removed temporary directories of killed operators", metadata: ["roots": "\(removed)"])
        }
        for problem in problems {
            logger.warning("failed to remove plugins' temporary directories", metadata: ["reason": "\(problem)"])
        }
    }

    /// Runs each plugin from its addition until all have stopped.
    private func runAll() async {
        await withDiscardingTaskGroup { group in
            for await supervisor in roster.arrivals { group.addTask { await self.run(supervisor) } }
        }
    }

    private func run(_ supervisor: PluginSupervisor) async {
        await withDiscardingTaskGroup { helpers in
            helpers.addTask { await supervisor.keepSubscribed() }
            if let restsAfter { helpers.addTask { await supervisor.restWhenUnused(for: restsAfter) } }
            await supervisor.run()
            helpers.cancelAll()
        }
    }

    private func stopAll() async {
        roster.close()
        await withDiscardingTaskGroup { group in
            for supervisor in roster.supervisors { group.addTask { await supervisor.stop() } }
        }
    }

    /// Waits until each plugin's first start has succeeded or failed.
    package func untilStarted() async {
        for supervisor in roster.supervisors { await supervisor.settled.wait() }
    }

    /// Waits until the plugins of those types have started or failed: the plugin named after the type or, if there is
    /// none, all plugins.
    package func untilStarted(offering types: Set<String>) async {
        for type in types { await roster[type]?.supervisor.settled.wait() }
        guard types.contains(where: { metricType($0) == nil && roster[$0] == nil }) else { return }
        await untilStarted()
    }

    /// An executor for tasks that only make plugin calls, which avoids thread switches. Blocking code on it stalls
    /// every plugin. A task on it must not use actors that other tasks use: their threads could run its continuation,
    /// which ends the process.
    package var taskExecutor: any TaskExecutor { loop.taskExecutor }

    // MARK: What is installed

    /// Returns the metric types that plugins have declared. They remain while their plugin is down.
    package func metricTypes() -> [String: InstalledMetricType] {
        registry.types.withLock { $0.installed }
    }

    package func metricType(_ type: String) -> InstalledMetricType? {
        registry.types.withLock { $0.installed[type] }
    }

    /// Returns the defaults that `plugins.yaml` sets for a type's plugin, which are merged into each config of that
    /// type.
    package func defaults(forType type: String) -> [String: JSON] {
        registry.types.withLock { $0.owner(of: type) }.flatMap { roster[$0] }?.supervisor.program.defaults ?? [:]
    }

    /// Returns a metric's own config merged over the defaults of its type's plugin, without credentials if the config
    /// names a server that they are not meant for.
    package func defaulted(type: String, own: JSON) -> DefaultedConfig {
        guard let owner = registry.types.withLock({ $0.owner(of: type) }), let gate = roster[owner]?.gate else {
            return DefaultedConfig(own, defaults: [:])
        }
        return gate.defaulted(type: type, own: own)
    }

    /// Returns the health of each plugin, sorted by name.
    package func health() async -> [PluginHealth] {
        var health: [PluginHealth] = []
        for supervisor in roster.supervisors { health.append(await supervisor.health()) }
        return health
    }

    /// Returns the unhealthy plugins of these types, sorted by name.
    package func unhealthyPlugins(ofTypes types: Set<String>) async -> [PluginHealth] {
        guard !roster.areAllHealthy else { return [] }
        let owners = registry.types.withLock { registry in Set(types.compactMap(registry.owner)) }
        var unhealthy: [PluginHealth] = []
        for name in owners.sorted() {
            guard let supervisor = roster[name]?.supervisor, !supervisor.isHealthy else { continue }
            unhealthy.append(await supervisor.health())
        }
        return unhealthy
    }

    // MARK: Calls

    /// Validates a config with its plugin.
    package func validate(type: String, config: PluginConfig) async -> ConfigVerdict {
        let request = PluginRequest.validateConfig(type: type, config: config.json)
        let result = await call(request, type: type, config: config, timeout: PluginHostLimits.validateTimeout)
        switch result {
        case .success(.verdict(.valid(let targetType))): return .valid(targetType)
        case .success(.verdict(.invalid(let problems))): return .invalid(problems)
        case .success: preconditionFailure("PluginAnswer gives validate_config a verdict")
        case .failure(let failure):
            switch failure.kind {
            case .addressRefused(let problem): return .invalid([problem])
            case .answered(let error) where error.kind == .configInvalid:
                return .invalid([ConfigProblem(path: error.path ?? "", message: error.message)])
            default: return .unavailable(failure)
            }
        }
    }

    /// Reads a metric's value.
    ///
    /// - Parameter timeout: the maximum duration of the call.
    package func read(
        type: String, config: PluginConfig, targetType: TargetType, timeout: Duration
    ) async throws(PluginFailure) -> MetricReading {
        let request = PluginRequest.getMetricValue(type: type, config: config.json, targetType: targetType)
        switch await call(request, type: type, config: config, timeout: timeout) {
        case .success(.reading(let reading)): return reading
        case .success: preconditionFailure("PluginAnswer gives get_metric_value a reading")
        case .failure(let failure): throw failure
        }
    }

    /// Reads a metric's history.
    ///
    /// - Parameter timeout: the maximum duration of the call.
    /// - Throws: ``PluginFailure``; of the kind `notSupported` if the plugin has no history.
    package func readRange(
        type: String, config: PluginConfig, targetType: TargetType, window: RangeWindow, timeout: Duration
    ) async throws(PluginFailure) -> MetricRange {
        if let owner = registry.types.withLock({ $0.owner(of: type) }), let supervisor = roster[owner]?.supervisor,
            registry.types.withLock({ $0.installed[type] }) != nil, await !supervisor.offersRange
        {
            throw PluginFailure(
                .notSupported, plugin: owner,
                "plugin \(owner) cannot return the history of metric type \"\(type)\": it does not have the capability "
                    + "range")
        }
        let request = PluginRequest.getMetricRange(
            type: type, config: config.json, targetType: targetType, window: window)
        switch await call(request, type: type, config: config, timeout: timeout) {
        case .success(.range(let range)): return range
        case .success: preconditionFailure("PluginAnswer gives get_metric_range a range")
        case .failure(let failure): throw failure
        }
    }

    /// Keeps the plugin running and, if it supports this, subscribes to readings of a config until the subscription is
    /// cancelled, also across restarts.
    ///
    /// Pushed readings complement ``read(type:config:targetType:timeout:)`` and do not replace it: a plugin may refuse,
    /// and a push may be lost.
    ///
    /// - Parameter deliver: called on the event loop's thread with each reading, never from within this call. Must not
    ///   block.
    /// - Returns: nil if no plugin has the type.
    package func subscribe(
        type: String, config: PluginConfig, targetType: TargetType,
        deliver: @escaping @Sendable (MetricReading) -> Void
    ) -> ReadingSubscription? {
        let (owner, installed) = registry.types.withLock { ($0.owner(of: type), $0.installed[type]) }
        guard let owner, let member = roster[owner],
            member.gate.examine(type: type, config: config).refusal == nil
        else { return nil }
        let supervisor = member.supervisor
        loop.execute { supervisor.assumeIsolated { $0.beginUse() } }
        guard installed?.pushes == true, supervisor.program.mode == .serve else {
            return ReadingSubscription(cancel: { [loop] in
                loop.execute { supervisor.assumeIsolated { $0.endUse() } }
            })
        }
        let id = Int64(lastSubscription.add(1, ordering: .relaxed).newValue)
        @Sendable func subscription(_ config: PluginConfig) -> SubscriptionTable.SubscriptionRequest {
            .init(type: type, config: config, targetType: targetType, deliver: deliver)
        }
        let first = subscription(config)
        loop.execute { supervisor.assumeIsolated { $0.subscribe(id, first) } }
        return ReadingSubscription { [loop, gate = member.gate] config in
            let renewed = gate.examine(type: type, config: config).refusal == nil ? subscription(config) : nil
            loop.execute {
                supervisor.assumeIsolated {
                    guard let renewed else { return $0.unsubscribe(id) }
                    $0.renew(id, renewed) { gate.isRenewal(type: type, of: $0, by: config) }
                }
            }
        } cancel: { [loop] in
            loop.execute {
                supervisor.assumeIsolated {
                    $0.unsubscribe(id)
                    $0.endUse()
                }
            }
        }
    }
}

extension PluginHost {
    /// Reads a metric's value for a config without values of Secrets.
    package func read(
        type: String, config: JSON, targetType: TargetType, timeout: Duration
    ) async throws(PluginFailure) -> MetricReading {
        try await read(type: type, config: PluginConfig(config), targetType: targetType, timeout: timeout)
    }

    /// Validates a config without values of Secrets with its plugin.
    package func validate(type: String, config: JSON) async -> ConfigVerdict {
        await validate(type: type, config: PluginConfig(config))
    }
}

/// A plugin's verdict on a config.
package enum ConfigVerdict: Sendable, Hashable {
    /// Valid; with the target type if the config determines it.
    case valid(TargetType?)
    /// Invalid, with at least one problem.
    case invalid([ConfigProblem])
    /// The plugin could not be called, so that nothing is known about the config.
    case unavailable(PluginFailure)
}
