import ArgumentParser
import KubernetesClient

/// Which cluster is meant.
struct ClusterOptions: ParsableArguments {
    @Option(help: "Path of a kubeconfig. Default: the pod's service account, else $KUBECONFIG, else ~/.kube/config.")
    var kubeconfig: String?

    @Option(help: "Context of the kubeconfig. Default: its current context.")
    var context: String?

    func configuration(_ environment: [String: String]) throws(ConfigurationError) -> ClusterConfiguration {
        if kubeconfig == nil, context == nil, environment["KUBERNETES_SERVICE_HOST"] != nil {
            return try .inCluster(environment: environment)
        }
        return try .kubeconfig(path: kubeconfig, context: context, environment: environment)
    }

    /// Returns the files that hold the credentials for it.
    func credentialFiles(_ environment: [String: String]) -> [String] {
        ClusterConfiguration.credentialFiles(path: kubeconfig, environment: environment)
    }
}
