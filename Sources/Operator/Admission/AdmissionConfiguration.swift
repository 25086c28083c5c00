package import KubernetesClient
import ScalerAPI

/// The configuration of the admission webhook.
package struct AdmissionConfiguration: Sendable {
    package enum Certificates: Sendable {
        /// The operator creates and renews the certificates, keeps them in this Secret, and writes the authority into
        /// the ValidatingWebhookConfiguration of that name.
        case own(secret: ObjectKey, configuration: String)
        /// Managed externally, for example by cert-manager: `tls.crt` and `tls.key` in this directory, which may change
        /// at any time.
        case directory(String)
    }

    package var listen: ListenAddress
    /// The Service through which the API server reaches the webhook.
    package var service: ObjectKey
    package var certificates: Certificates

    package init(listen: ListenAddress, service: ObjectKey, certificates: Certificates) {
        self.listen = listen
        self.service = service
        self.certificates = certificates
    }

    /// The DNS names of the Service that the API server uses.
    var hosts: [String] {
        let name = "\(service.name).\(service.namespace).svc"
        return [name, "\(name).cluster.local"]
    }
}
