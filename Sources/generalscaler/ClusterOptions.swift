import ArgumentParser
import KubernetesClient

/// Which cluster is meant.
struct ClusterOptions: ParsableArguments {
    @Option(help: "Path of a kubeconfig. Default: the pod's service account, else $KUBECONFIG, else ~/.kube/config.")
    var kubeconfig: String?

    @Option(help: "Context of the kubeconfig. Default: its current context.")
    var context: String?

    func configuration(_ environment: [String: String]) throws(ConfigurationError) -> ClusterConfiguration {
        // As with kubectl: what a script leaves empty has its default.
        let (kubeconfig, context) = (kubeconfig.nonEmpty, context.nonEmpty)
        if kubeconfig == nil, context == nil, environment["KUBERNETES_SERVICE_HOST"] != nil {
            return try .inCluster(environment: environment)
        }
        return try .kubeconfig(path: kubeconfig, context: context, environment: environment)
    }

    /// Returns the files that hold the credentials for it.
    func credentialFiles(_ environment: [String: String]) -> [String] {
        ClusterConfiguration.credentialFiles(path: kubeconfig.nonEmpty, environment: environment)
    }
}

extension String? {
    /// Nil for an empty text.
    var nonEmpty: String? { self?.isEmpty == true ? nil : self }
}
