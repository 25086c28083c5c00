import ArgumentParser
import KubernetesClient
import Operator

/// Options of the admission webhook.
struct AdmissionOptions: ParsableArguments {
    @Option(
        help: "Address and port for the admission webhook; port 0 selects a free port. Default: no webhook.",
        transform: ListenAddress.init(argument:)
    )
    var webhookListen: ListenAddress?

    @Option(
        help: "NAMESPACE/NAME of the Service through which the API server reaches the webhook.",
        transform: ObjectKey.init(argument:)
    )
    var webhookService = ObjectKey(namespace: "generalscaler-system", name: "generalscaler-webhook")

    @Option(help: "Name of the ValidatingWebhookConfiguration whose caBundle the operator maintains.")
    var webhookConfiguration = "generalscaler"

    @Option(
        help: """
            Directory with tls.crt and tls.key for the webhook, for example from cert-manager. Default: the operator \
            creates its own, in a Secret with the name of the Service.
            """
    )
    var webhookCertificates: String?

    /// The configuration; nil if the webhook is disabled.
    var configuration: AdmissionConfiguration? {
        webhookListen.map { listen in
            AdmissionConfiguration(
                listen: listen, service: webhookService,
                certificates: webhookCertificates.map { .directory($0) }
                    ?? .own(secret: webhookService, configuration: webhookConfiguration))
        }
    }
}
