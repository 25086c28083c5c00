import Glibc

/// Paths that no plugin may read, regardless of `plugins.yaml`.
package enum ProtectedPaths {
    /// The directory in which Kubernetes mounts a pod's service account token.
    static let serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// Returns the paths that hold the operator's credentials by default.
    ///
    /// - Parameter environment: the operator's environment.
    package static func standard(_ environment: [String: String]) -> [String] {
        var paths = [serviceAccount]
        paths += (environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
        if let home = environment["HOME"], !home.isEmpty { paths.append("\(home)/.kube") }
        return paths.map(absolute)
    }

    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let directory = getcwd(nil, 0) else { return path }
        defer { free(directory) }
        return "\(String(cString: directory))/\(path)"
    }
}
