import Glibc
package import WireFormats

/// The configuration of a plugin host.
package struct PluginHostConfiguration: Sendable {
    /// Directories with executables named `generalscaler-plugin-TYPE`; of several with the same name, the first is
    /// used.
    package var directories: [String]
    /// The path of `plugins.yaml`, if there is one.
    package var manifest: String?
    /// The operator's version for the handshake.
    package var hostVersion: String
    /// The operator's environment. Plugins inherit the variables in ``PluginEnvironment/allowed`` lists.
    package var environment: [String: String]
    /// The path of `generalscaler-launch`, which confines plugins. Without it, only plugins with `confined: false` in
    /// `plugins.yaml` are started.
    package var launcher: String?
    /// Absolute paths that no plugin may read, regardless of `plugins.yaml`; `plugins.yaml` itself is protected too.
    package var protectedPaths: [String]
    /// How long a plugin may be idle before its process is ended; nil for no limit. The next call restarts it.
    package var restsAfter: Duration?
    /// Reads the resource use and limits of the operator's container.
    var containerUsage: @Sendable () -> ContainerUsage = { ContainerUsage.current() }
    /// Returns the fault of a plugin's `defaults` that are at a path of `plugins.yaml`, such as
    /// `plugins.redis.defaults`; nil if there is none.
    package var defaultsFault: @Sendable (_ defaults: [String: JSON], _ path: String) -> String? = { _, _ in nil }
    /// How long a new process has to answer `initialize`.
    package var handshakeTimeout: Duration

    package init(
        directories: [String], manifest: String? = nil, hostVersion: String, environment: [String: String],
        launcher: String? = PluginHostConfiguration.installedLauncher, protectedPaths: [String]? = nil,
        restsAfter: Duration? = nil, handshakeTimeout: Duration = PluginHostLimits.handshakeTimeout
    ) {
        self.directories = directories
        self.manifest = manifest
        self.hostVersion = hostVersion
        self.environment = environment
        self.launcher = launcher
        self.protectedPaths = protectedPaths ?? ProtectedPaths.standard(environment)
        self.restsAfter = restsAfter
        self.handshakeTimeout = handshakeTimeout
    }

    /// The directory for temporary directories, unless the operator's TMPDIR is set.
    static let temporaryDirectory = "/tmp"

    /// The launcher in the directory of this process's executable; nil if it does not exist.
    package static var installedLauncher: String? {
        let own = ProgramFile.resolved("/proc/self/exe")
        let path = "\(ProgramFile.directory(of: own))/\(PluginLauncher.programName)"
        return access(path, X_OK) == 0 ? path : nil
    }
}

/// The environment variables that plugins inherit from the operator. Secrets are passed in calls, never in the
/// environment.
enum PluginEnvironment {
    static let allowed: Set = [
        "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR",
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    ]

    static func filtered(_ environment: [String: String]) -> [String: String] {
        environment.filter { allowed.contains($0.key) }
    }
}
