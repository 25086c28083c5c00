import Glibc
import PluginHost

/// The command that runs the plugin under test.
package struct PluginCommand: Sendable, Hashable {
    /// The path: absolute, or relative to the working directory.
    package var path: String
    package var arguments: [String]
    /// `NAME: value`, in addition to the common environment of plugins.
    package var environment: [String: String]
    /// Whether the plugin runs once per request.
    package var isOneshot: Bool
    /// Absolute paths that the plugin may read in the sandbox, in addition to the common ones: its interpreter is looked
    /// for there too, whether it is confined or not.
    package var readPaths: [String]

    package init(
        path: String, arguments: [String] = [], environment: [String: String] = [:], isOneshot: Bool = false,
        readPaths: [String] = []
    ) {
        self.readPaths = readPaths
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

    /// Checks that the interpreter of a script is one that the operator would run.
    func checkInterpreter() throws(LaunchError) {
        let path = environment["PATH"] ?? getenv("PATH").map { String(cString: $0) } ?? ""
        do throws(PluginHostError) {
            try ConfinedCommand.checkInterpreter(of: self.path, searchPath: path, readPaths: readPaths)
        } catch {
            let option = "\(error)".contains("readPaths") ? " (--read-path here)" : ""
            throw LaunchError(path: self.path, code: ENOENT, reason: "\(error)\(option)")
        }
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
        all["PATH"] = ConfinedCommand.searchPath(all["PATH"] ?? "", readPaths: readPaths)
        return all.map { "\($0.key)=\($0.value)" }.sorted() + [marker]
    }
}

/// The plugin could not be started.
package struct LaunchError: Error, Hashable, CustomStringConvertible {
    let path: String
    let code: Int32
    /// Why, with the fix, if it is known better than from the code.
    var reason: String?

    package var description: String {
        if let reason { return "\(path) cannot be started: \(reason)" }
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
