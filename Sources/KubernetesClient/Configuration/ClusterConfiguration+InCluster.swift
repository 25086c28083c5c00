import HTTPTransport
import WireFormats

extension ClusterConfiguration {
    /// The directory in which the kubelet mounts a pod's service account.
    package static let serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// Returns the configuration of a pod for its own cluster, with the credentials of its service account.
    ///
    /// - Parameter directory: the directory of the token, the CA certificate and the namespace.
    package static func inCluster(
        environment: [String: String],
        directory: String = serviceAccountDirectory,
        files: FileReader = .system
    ) throws(ConfigurationError) -> ClusterConfiguration {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = environment["KUBERNETES_SERVICE_PORT"], !port.isEmpty
        else {
            throw ConfigurationError(
                "not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; "
                    + "outside a pod pass --kubeconfig FILE")
        }
        let tokenFile = "\(directory)/token"
        do throws(FileReader.Failure) {
            _ = try CredentialStore.token(at: tokenFile, files)
            let namespace = try? files.read("\(directory)/namespace")
            return ClusterConfiguration(
                server: "https://\(host.contains(":") ? "[\(host)]" : host):\(port)",
                tls: TLSOptions(certificateAuthorities: try files.read("\(directory)/ca.crt")),
                credentials: .tokenFile(tokenFile),
                defaultNamespace: namespace.map { String(decoding: TextDecoder.withoutMark($0), as: UTF8.self) }
                    .flatMap(firstWord) ?? "default"
            )
        } catch {
            throw ConfigurationError(
                "service account: \(error); the pod needs automountServiceAccountToken: true")
        }
    }

    private static func firstWord(_ text: String) -> String? {
        text.split(whereSeparator: \.isWhitespace).first.map(String.init)
    }
}
