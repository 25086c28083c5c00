import FoundationEssentials
import KubernetesClient
import Logging
import ScalerAPI
import Scaling
import ServiceLifecycle
import Synchronization
import SystemIO
import WireFormats

/// Ensures that there is a serving certificate and that the API server trusts it.
///
/// All replicas do so concurrently, whether leader or standby: writes use optimistic concurrency, so the first write
/// succeeds and the other replica adopts its result.
final class CertificateManager: Service {
    /// How often the Secret and the configuration are checked.
    static let interval: Duration = .seconds(60)
    /// How often they are checked while there is no certificate yet.
    static let firstInterval: Duration = .seconds(2)

    private static let secretKind = ResourceKind(group: "", version: "v1", kind: "Secret", plural: "secrets")
    private static let configurationKind = ResourceKind(
        group: "admissionregistration.k8s.io", version: "v1", kind: "ValidatingWebhookConfiguration",
        plural: "validatingwebhookconfigurations", isNamespaced: false)

    let configuration: AdmissionConfiguration
    private let client: KubernetesClient
    private let files: FileReader
    private let time: TimeSource
    private let metrics: OperatorCounters
    private let logger: Logger
    private let state = Mutex<Serving?>(nil)

    init(
        _ configuration: AdmissionConfiguration, client: KubernetesClient, files: FileReader = .system,
        time: TimeSource, metrics: OperatorCounters, logger: Logger
    ) {
        self.configuration = configuration
        self.client = client
        self.files = files
        self.time = time
        self.metrics = metrics
        self.logger = logger
    }

    /// The current serving certificate; nil while there is none.
    var current: ServingCertificate? { state.withLock(\.?.certificate) }

    /// The path to which the API server sends reviews; nil while unknown.
    var path: ReviewPath? { state.withLock(\.?.path) }

    private struct Serving: Equatable {
        let certificate: ServingCertificate
        let path: ReviewPath
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.keep()
                try? await self.time.sleep(self.current == nil ? Self.firstInterval : Self.interval)
            }
        }
    }

    /// Checks once. Failures are logged and retried at the next check.
    func keep() async {
        do {
            switch configuration.certificates {
            case .directory(let path): take(try read(path))
            case .own(let secret, let name):
                let serving = try await serving(in: secret)
                take(serving)
                try await publish(serving, in: name)
            }
        } catch {
            metrics.countWebhook { $0.certificateFailed() }
            logger.warning("failed to update webhook certificate", metadata: ["error": "\(error)"])
        }
    }

    private func take(_ serving: Serving) {
        let isNew = state.withLock { state in
            defer { state = serving }
            return state != serving
        }
        guard isNew else { return }
        metrics.countWebhook { $0.certificateKept(until: serving.certificate.expiry?.timeIntervalSince1970) }
        logger.info("serving the webhook with a new certificate")
    }

    // MARK: Files

    private func read(_ directory: String) throws -> Serving {
        func text(_ name: String) throws -> String {
            String(decoding: try files.read("\(directory)/\(name)"), as: UTF8.self)
        }
        var token: String?
        do throws(FileReader.Failure) {
            token = String(decoding: try files.read("\(directory)/path"), as: UTF8.self)
        } catch {
            guard error.isMissing else { throw error }
        }
        if let text = token {
            token = ReviewPath.token(text)
            guard token != nil else { throw NotAPath(file: "\(directory)/path") }
        }
        return Serving(
            certificate: ServingCertificate(
                certificate: try text("tls.crt"), key: try text("tls.key"), authorities: ""),
            path: ReviewPath(token: token))
    }

    private struct NotAPath: Error, CustomStringConvertible {
        let file: String

        var description: String {
            "\(file) must hold at least \(AdmissionLimits.pathBytes) random lower-case letters and digits"
        }
    }

    // MARK: The Secret

    private var now: Date { Date(timeIntervalSince1970: Double(time.now().microsecondsSince1970) / 1e6) }

    /// Returns the certificate and the path that all replicas share: the existing ones, unless the certificate has to
    /// be renewed.
    private func serving(in secret: ObjectKey) async throws -> Serving {
        do {
            let stored = try await client.get(Self.secretKind, secret)
            let old = ServingCertificate(stored)
            let oldToken = stored.secretText("path").flatMap(ReviewPath.token)
            let isFresh = old?.isFresh(forHosts: configuration.hosts, at: now) ?? false
            let token = oldToken ?? ReviewPath.makeToken()
            if isFresh, oldToken != nil, let old {
                return Serving(certificate: old, path: ReviewPath(token: token))
            }
            let certificate: ServingCertificate
            if isFresh, let old {
                certificate = old
            } else {
                certificate = try ServingCertificate(forHosts: configuration.hosts, at: now, after: old)
            }
            var object = stored.objectValue ?? [:]
            object["data"] = certificate.data(token: token)
            _ = try await client.update(Self.secretKind, secret, .object(object))
            logger.notice("webhook certificate renewed", metadata: ["secret": "\(secret)"])
            return Serving(certificate: certificate, path: ReviewPath(token: token))
        } catch let error as KubernetesError where error.kind == .notFound {
            let fresh = try ServingCertificate(forHosts: configuration.hosts, at: now)
            let token = ReviewPath.makeToken()
            _ = try await client.create(
                Self.secretKind, in: secret.namespace,
                [
                    "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
                    "metadata": ["name": .string(secret.name), "namespace": .string(secret.namespace)],
                    "data": fresh.data(token: token),
                ])
            logger.notice("webhook certificate created", metadata: ["secret": "\(secret)"])
            return Serving(certificate: fresh, path: ReviewPath(token: token))
        }
    }

    // MARK: The configuration

    /// Configures the address and the certificate authority for the API server: writes path and caBundle of each
    /// webhook.
    private func publish(_ serving: Serving, in name: String) async throws {
        let key = ObjectKey(namespace: "", name: name)
        let stored = try await client.get(Self.configurationKind, key)
        let bundle = JSON.string(Data(serving.certificate.authorities.utf8).base64EncodedString())
        let webhooks = stored["webhooks"]?.arrayValue ?? []
        let published: [JSON] = webhooks.map { webhook in
            var webhook = webhook.objectValue ?? [:]
            var config = webhook["clientConfig"]?.objectValue ?? [:]
            config["caBundle"] = bundle
            if var service = config["service"]?.objectValue {
                service["path"] = .string(serving.path.text)
                config["service"] = .object(service)
            } else if let url = config["url"]?.stringValue {
                // The scheme and authority are kept.
                let base = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).prefix(3)
                config["url"] = .string(base.joined(separator: "/") + serving.path.text)
            }
            webhook["clientConfig"] = .object(config)
            return .object(webhook)
        }
        guard published != webhooks else { return }
        var object = stored.objectValue ?? [:]
        object["webhooks"] = .array(published)
        _ = try await client.update(Self.configurationKind, key, .object(object))
    }
}

extension ServingCertificate {
    /// Reads the contents of the Secret; returns nil if it has none.
    fileprivate init?(_ secret: JSON) {
        guard let certificate = secret.secretText("tls.crt"), let key = secret.secretText("tls.key"),
            let authorities = secret.secretText("ca.crt")
        else { return nil }
        self.init(certificate: certificate, key: key, authorities: authorities)
    }

    fileprivate func data(token: String) -> JSON {
        func encoded(_ text: String) -> JSON { .string(Data(text.utf8).base64EncodedString()) }
        return [
            "tls.crt": encoded(certificate), "tls.key": encoded(key), "ca.crt": encoded(authorities),
            "path": encoded(token),
        ]
    }
}

extension JSON {
    /// Returns a value of the Secret object; nil if absent.
    fileprivate func secretText(_ name: String) -> String? {
        guard let encoded = self["data"]?[name]?.stringValue, let data = Data(base64Encoded: encoded) else {
            return nil
        }
        return String(decoding: data, as: UTF8.self)
    }
}
