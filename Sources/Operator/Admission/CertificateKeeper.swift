import FoundationEssentials
import KubernetesClient
import Logging
import Scaling
import ServiceLifecycle
import Synchronization
import WireFormats

/// Sees to it that there is a certificate to serve with, and that the API server believes it.
///
/// Replicas do so side by side, leader or not: each write carries the resourceVersion it was made on, so that of two the
/// first counts, and the other takes over what it finds.
final class CertificateKeeper: Service {
    /// How often Secret and configuration are looked at.
    static let interval: Duration = .seconds(60)
    /// The same while there is no certificate yet.
    static let firstInterval: Duration = .seconds(2)

    private static let secretKind = ResourceKind(group: "", version: "v1", kind: "Secret", plural: "secrets")
    private static let configurationKind = ResourceKind(
        group: "admissionregistration.k8s.io", version: "v1", kind: "ValidatingWebhookConfiguration",
        plural: "validatingwebhookconfigurations", isNamespaced: false)

    let configuration: AdmissionConfiguration
    private let client: KubernetesClient
    private let files: FileReader
    private let time: OperatorTime
    private let metrics: OperatorMetrics
    private let logger: Logger
    private let state = Mutex<ServingCertificate?>(nil)

    init(
        _ configuration: AdmissionConfiguration, client: KubernetesClient, files: FileReader = .system,
        time: OperatorTime, metrics: OperatorMetrics, logger: Logger
    ) {
        self.configuration = configuration
        self.client = client
        self.files = files
        self.time = time
        self.metrics = metrics
        self.logger = logger
    }

    /// What to serve with now; nil while there is nothing.
    var current: ServingCertificate? { state.withLock(\.self) }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.keep()
                try? await self.time.sleep(self.current == nil ? Self.firstInterval : Self.interval)
            }
        }
    }

    /// Looks once. What fails is logged and tried again the next time.
    func keep() async {
        do {
            switch configuration.certificates {
            case .directory(let path): take(try read(path))
            case .own(let secret, let name):
                let certificate = try await certificate(in: secret)
                take(certificate)
                try await publish(certificate, in: name)
            }
        } catch {
            metrics.countWebhook { $0.certificateFailed() }
            logger.warning("webhook certificate not kept", metadata: ["error": "\(error)"])
        }
    }

    private func take(_ certificate: ServingCertificate) {
        let isNew = state.withLock { state in
            defer { state = certificate }
            return state != certificate
        }
        guard isNew else { return }
        metrics.countWebhook { $0.certificateKept(until: certificate.expiry?.timeIntervalSince1970) }
        logger.info("serving the webhook with a new certificate")
    }

    // MARK: Files

    private func read(_ directory: String) throws -> ServingCertificate {
        func text(_ name: String) throws -> String {
            String(decoding: try files.read("\(directory)/\(name)"), as: UTF8.self)
        }
        return ServingCertificate(certificate: try text("tls.crt"), key: try text("tls.key"), authorities: "")
    }

    // MARK: The Secret

    private var now: Date { Date(timeIntervalSince1970: Double(time.now().microsecondsSince1970) / 1e6) }

    /// The certificate that all replicas share: the one that is there, while it is fresh.
    private func certificate(in secret: ObjectKey) async throws -> ServingCertificate {
        do {
            let stored = try await client.get(Self.secretKind, secret)
            let old = ServingCertificate(stored)
            if let old, old.isFresh(forHosts: configuration.hosts, at: now) { return old }
            let fresh = try ServingCertificate(forHosts: configuration.hosts, at: now, after: old)
            var object = stored.objectValue ?? [:]
            object["data"] = fresh.data
            _ = try await client.update(Self.secretKind, secret, .object(object))
            logger.notice("webhook certificate renewed", metadata: ["secret": "\(secret)"])
            return fresh
        } catch let error as KubernetesError where error.kind == .notFound {
            let fresh = try ServingCertificate(forHosts: configuration.hosts, at: now)
            _ = try await client.create(
                Self.secretKind, in: secret.namespace,
                [
                    "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
                    "metadata": ["name": .string(secret.name), "namespace": .string(secret.namespace)],
                    "data": fresh.data,
                ])
            logger.notice("webhook certificate made", metadata: ["secret": "\(secret)"])
            return fresh
        }
    }

    // MARK: The configuration

    /// Has the API server believe the certificate: writes its authorities into each webhook's caBundle.
    private func publish(_ certificate: ServingCertificate, in name: String) async throws {
        let key = ObjectKey(namespace: "", name: name)
        let stored = try await client.get(Self.configurationKind, key)
        let bundle = JSON.string(Data(certificate.authorities.utf8).base64EncodedString())
        let webhooks = stored["webhooks"]?.arrayValue ?? []
        guard webhooks.contains(where: { $0["clientConfig"]?["caBundle"] != bundle }) else { return }
        var object = stored.objectValue ?? [:]
        object["webhooks"] = .array(
            webhooks.map { webhook in
                var webhook = webhook.objectValue ?? [:]
                var config = webhook["clientConfig"]?.objectValue ?? [:]
                config["caBundle"] = bundle
                webhook["clientConfig"] = .object(config)
                return .object(webhook)
            })
        _ = try await client.update(Self.configurationKind, key, .object(object))
    }
}

extension ServingCertificate {
    /// Nil where the Secret does not hold one.
    fileprivate init?(_ secret: JSON) {
        func text(_ name: String) -> String? {
            guard let encoded = secret["data"]?[name]?.stringValue, let data = Data(base64Encoded: encoded) else {
                return nil
            }
            return String(decoding: data, as: UTF8.self)
        }
        guard let certificate = text("tls.crt"), let key = text("tls.key"), let authorities = text("ca.crt") else {
            return nil
        }
        self.init(certificate: certificate, key: key, authorities: authorities)
    }

    fileprivate var data: JSON {
        func encoded(_ text: String) -> JSON { .string(Data(text.utf8).base64EncodedString()) }
        return ["tls.crt": encoded(certificate), "tls.key": encoded(key), "ca.crt": encoded(authorities)]
    }
}
