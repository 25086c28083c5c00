import Glibc

/// The command that runs the plugin under test.
package struct PluginCommand: Sendable, Hashable {
    /// The path: absolute, or relative to the working directory.
    package var path: String
    package var arguments: [String]
    /// `NAME: value`, in addition to the common environment of plugins.
    package var environment: [String: String]
    /// Whether the plugin runs once per request.
    package var isOneshot: Bool

    package init(
        path: String, arguments: [String] = [], environment: [String: String] = [:], isOneshot: Bool = false
    ) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.isOneshot = isOneshot
    }

    /// The last component of the path.
    var fileName: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Returns the command run by another program, which takes it as its last arguments.
    func wrapped(by wrapper: [String]) -> PluginCommand {
        var wrapped = self
        wrapped.path = wrapper[0]
        wrapped.arguments = wrapper.dropFirst() + [path] + arguments
        return wrapped
    }

    /// The variables that plugins inherit from the host.
    private static let inherited = [
        "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR",
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    ]

    /// Returns the complete environment as `NAME=value`.
    func environment(marker: String) -> [String] {
        var all: [String: String] = [:]
        for name in Self.inherited {
            if let value = getenv(name) { all[name] = String(cString: value) }
        }
        all.merge(environment) { $1 }
        return all.map { "\($0.key)=\($0.value)" }.sorted() + [marker]
    }
}

/// The plugin could not be started.
package struct LaunchError: Error, Hashable, CustomStringConvertible {
    let path: String
    let code: Int32

    package var description: String {
        let next =
            switch code {
            case ENOENT: "check the path, and the interpreter after #! if it is a script"
            case EACCES: "make it executable with chmod +x"
            case ENOEXEC: "begin a script with a line such as #!/usr/bin/env python3"
            default: "run it manually to see why"
            }
        return "\(path) cannot be started: \(String(cString: strerror(code))): \(next)"
    }
}
