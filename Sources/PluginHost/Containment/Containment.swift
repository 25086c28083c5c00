import CLinux

/// Enforces the limits of one host's plugins and ensures that none of their processes outlives the host.
struct Containment: Sendable {
    let watch: SessionWatch
    let guardProcess = GuardProcess()
    let workspaces: WorkspaceRoot

    /// - Throws: ``SystemError`` if the system has no descriptor left.
    init(_ configuration: PluginHostConfiguration) throws(SystemError) {
        let directory = configuration.environment["TMPDIR"] ?? PluginHostConfiguration.temporaryDirectory
        workspaces = WorkspaceRoot(parent: ProtectedPaths.absolute(directory))
        watch = try SessionWatch(temporaryDirectory: directory, containerUsage: configuration.containerUsage)
    }

    /// - Throws: ``SystemError`` if the system has no thread or process left.
    func start(launcher: String?) throws(SystemError) {
        try watch.start()
        try guardProcess.start(launcher: launcher)
    }

    /// Stops containment after the last plugin has ended.
    ///
    /// - Returns: the reason why a directory could not be removed, if any.
    func stop() -> String? {
        watch.stop()
        guardProcess.stop()
        return workspaces.remove()
    }

    func began(_ session: Int32, _ subject: SessionWatch.Subject) {
        guardProcess.began(session)
        watch.add(session, subject)
    }

    /// Kills the remaining processes of a plugin whose first process has exited and is not reaped.
    func end(_ session: Int32, _ program: PluginProgram, marker: EnvironmentMarker) async {
        _ = await watch.end(session)
        // Without the seccomp filter, a process can leave the session.
        if !program.isConfined || !Self.hasSeccomp {
            await ProcessTree(leader: session, marker: marker.assignment).kill()
        }
        guardProcess.ended(session)
    }

    private static let hasSeccomp = clinux_has_seccomp()
}
