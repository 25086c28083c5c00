import KubernetesClient
import ScalerAPI
import SystemIO
import WireFormats

/// Reads Secrets from the cluster, one by one and only with `get`, and requests tokens of ServiceAccounts. Caches each.
struct SecretStore: SecretSource {
    private let secrets: FetchCache<ObjectKey, SecretObject>
    private let tokens: FetchCache<TokenKey, RequestedToken>
    private let lifetimes = TokenLifetimes()
    private let time: TimeSource
    /// Whether Secrets without ``SecretObject/label`` may be used.
    private let allowsUnlabelled: Bool
    /// The namespace of the ServiceAccounts that the administrator's defaults name.
    private let operatorNamespace: String

    /// - Parameter random: uniform in 0..<1.
    init(
        _ configuration: OperatorConfiguration, client: KubernetesClient, time: TimeSource,
        random: @escaping @Sendable () -> Double
    ) {
        allowsUnlabelled = configuration.allowsUnlabelledSecrets
        operatorNamespace = configuration.cluster.defaultNamespace
        secrets = FetchCache(time: time) { key in
            do throws(KubernetesError) {
                let object = try await client.get(
                    SecretObject.kind, key, SecretObject.reader, deadline: SecretLimits.deadline)
                let secret = SecretObject(object)
                let lifetime = SecretLimits.lifetime * (1 + SecretLimits.jitter * (2 * random() - 1))
                return .success(.init(value: secret, lifetime: lifetime, validity: nil, bytes: secret.bytes))
            } catch {
                return .failure(FetchFailure(error))
            }
        }
        self.time = time
        let requests = TokenRequests(client: client, lifetimes: lifetimes, time: time, random: random)
        tokens = FetchCache(time: time) { await requests.token($0) }
    }

    func value(
        of reference: ValueReference, namespace: String, _ freshness: SecretFreshness
    ) async throws(SecretProblem) -> SecretString? {
        switch reference {
        case .secret(let secret): try await value(of: secret, namespace, freshness)
        case .token(let token): try await value(of: token, namespace, freshness)
        }
    }

    private func value(
        of reference: SecretReference, _ namespace: String, _ freshness: SecretFreshness
    ) async throws(SecretProblem) -> SecretString? {
        let key = ObjectKey(namespace: namespace, name: reference.name)
        switch await secrets.outcome(of: key, freshness, isOptional: reference.isOptional) {
        case .success(let secret):
            return try secret.value(of: reference, at: key, allowsUnlabelled: allowsUnlabelled)
        case .failure(.notFound) where reference.isOptional: return nil
        case .failure(let failure): throw failure.problem(key, reference)
        }
    }

    private func value(
        of reference: TokenReference, _ namespace: String, _ freshness: SecretFreshness
    ) async throws(SecretProblem) -> SecretString? {
        let account = ObjectKey(
            namespace: reference.isOperators ? operatorNamespace : namespace, name: reference.serviceAccountName)
        let key = TokenKey(account: account, audience: reference.audience)
        lifetimes.note(reference.expirationSeconds, key, now: time.elapsed())
        var outcome = await tokens.outcome(of: key, freshness, isOptional: false)
        if case .success(let token) = outcome, token.seconds > reference.expirationSeconds {
            outcome = await tokens.outcome(of: key, .recent, isOptional: false)
        }
        switch outcome {
        case .success(let token): return token.text
        case .failure(let failure): throw failure.problem(key)
        }
    }
}

extension FetchFailure {
    fileprivate func problem(_ key: ObjectKey, _ reference: SecretReference) -> SecretProblem {
        switch self {
        case .refused(let problem): problem
        case .notFound:
            SecretProblem(
                .notFound,
                "Secret \(key) does not exist: create it with the key \(reference.key), and allow its use: "
                    + SecretObject.labelCommand(key))
        case .forbidden(let message):
            SecretProblem(
                .forbidden,
                "the operator may not read Secret \(key): grant its service account the permission to get secrets in namespace "
                    + "\(key.namespace) (with Helm, add it to secrets.namespaces). The API server returned: \(message)")
        case .unavailable(let message):
            SecretProblem(.unavailable, "Secret \(key) could not be read; the operator retries: \(message)")
        }
    }
}
