import Glibc
import Subprocess
import SystemPackage

extension PluginFailure {
    /// Returns the failure of a process that ended unexpectedly.
    ///
    /// - Parameter isShared: whether other callers' configs were in the process, so that its last output is only
    ///   logged.
    static func crashed(
        _ program: PluginProgram, _ status: TerminationStatus, isUp: Bool, isShared: Bool, lastWords: String?
    ) -> PluginFailure {
        let how =
            switch status {
            case .exited(let code): "exited with code \(code)"
            case .signaled(SIGKILL): "was killed by signal 9 (manually, or by the OOM killer: see the kernel's log)"
            case .signaled(let signal): "was killed by signal \(signal) (\(String(cString: strsignal(signal))))"
            }
        let when = isUp ? "" : " before it answered initialize"
        let why = lastWords.map { "; the last line of its log: \($0)" } ?? "; it logged nothing"
        var rule = ""
        if case .exited = status { rule = " (rule \(ProtocolRule.staysAlive.label))" }
        let what = "plugin \(program.name) (\(program.path)) \(how)\(when)\(rule)"
        return PluginFailure(
            .crashed, plugin: program.name, isShared ? "\(what); see the operator's log" : what + why,
            logMessage: what + why)
    }

    /// Returns the failure of a process that the host killed for its resource use.
    static func exceeded(_ program: PluginProgram, _ reason: String) -> PluginFailure {
        PluginFailure(
            .crashed, plugin: program.name,
            "plugin \(program.name) (\(program.path)) was killed with all its processes: \(reason). If it needs more, raise "
                + "the limit in plugins.yaml or that of the container; otherwise report it to the plugin's author")
    }

    static func notStarted(_ program: PluginProgram, _ error: any Error) -> PluginFailure {
        let hint =
            if let error = error as? SubprocessError, error.code == .executableNotFound {
                "the launcher, the file, or the interpreter that its #! line names, is missing or not executable"
            } else if let error = error as? SubprocessError, error.underlyingError == .execFormatError {
                "the file is neither a program for this machine nor a script with a #! line"
            } else if let error = error as? SubprocessError, error.underlyingError == .textFileBusy {
                "a process has the file open for writing: put a new version in its place with a rename, as mv and install do"
            } else if let error = error as? SubprocessError, let cause = error.underlyingError {
                "\(cause)"
            } else {
                "\(error)"
            }
        return PluginFailure(
            .crashed, plugin: program.name, "plugin \(program.name) (\(program.path)) cannot be started: \(hint)")
    }
}
