package import KubernetesClient
import ScalerAPI

/// The configuration of the admission webhook.
package struct AdmissionConfiguration: Sendable {
    package enum Certificates: Sendable {
        /// The operator makes and renews them, keeps them in this Secret, and writes the authority into the
        /// ValidatingWebhookConfiguration of that name.
        case own(secret: ObjectKey, configuration: String)
        /// Managed externally, for example by cert-manager: `tls.crt` and `tls.key` in this directory, which may change
        /// at any time.
        case directory(String)
    }

    package var listen: ListenAddress
    /// The Service that the API server reaches it through.
    package var service: ObjectKey
    package var certificates: Certificates

    package init(listen: ListenAddress, service: ObjectKey, certificates: Certificates) {
        self.listen = listen
        self.service = service
        self.certificates = certificates
    }

    /// The names that the API server knows the Service by.
    var hosts: [String] {
        let name = "\(service.name).\(service.namespace).svc"
        return [name, "\(name).cluster.local"]
    }
}
