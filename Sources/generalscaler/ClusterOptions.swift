import ArgumentParser
import KubernetesClient

/// The options that select a cluster.
struct ClusterOptions: ParsableArguments {
    @Option(help: "Path of a kubeconfig. Default: the pod's service account, else $KUBECONFIG, else ~/.kube/config.")
    var kubeconfig: String?

    @Option(help: "Context of the kubeconfig. Default: its current context.")
    var context: String?

    func configuration(_ environment: [String: String]) throws(ConfigurationError) -> ClusterConfiguration {
        // As with kubectl, an empty value means the default.
        let (kubeconfig, context) = (kubeconfig.nonEmpty, context.nonEmpty)
        if kubeconfig == nil, context == nil, environment["KUBERNETES_SERVICE_HOST"] != nil {
            return try .inCluster(environment: environment)
        }
        return try .kubeconfig(path: kubeconfig, context: context, environment: environment)
    }

    /// Returns the files with the cluster's credentials.
    func credentialFiles(_ environment: [String: String]) -> [String] {
        ClusterConfiguration.credentialFiles(path: kubeconfig.nonEmpty, environment: environment)
    }
}

extension String? {
    /// The text; nil if it is empty.
    var nonEmpty: String? { self?.isEmpty == true ? nil : self }
}
