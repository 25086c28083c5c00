import KubernetesClient
import ScalerAPI

/// Reads Secrets from the cluster, one by one and only with `get`, and caches each for a few minutes.
///
/// A valid value stays in use while the API server does not answer. A problem with a Secret (missing, unlabelled,
/// forbidden) is cached for ``SecretLimits/leastInterval``.
actor SecretStore: SecretSource {
    private typealias Outcome = Result<SecretObject, SecretFetchFailure>

    private struct Entry {
        let outcome: Outcome
        let fetchedAt: Duration
        let expiresAt: Duration
        var lastUse: UInt64

        var bytes: Int { (try? outcome.get())?.bytes ?? 0 }
    }

    private let client: KubernetesClient
    private let time: OperatorTime
    private let random: @Sendable () -> Double
    private let allowsUnlabelled: Bool
    private var entries: [ObjectKey: Entry] = [:]
    private var bytes = 0
    private var uses: UInt64 = 0
    /// The waiters for Secrets that are being fetched.
    private var waiters: [ObjectKey: [CheckedContinuation<Outcome, Never>]] = [:]

    /// - Parameters:
    ///   - random: uniform in 0..<1.
    ///   - allowsUnlabelled: whether Secrets without ``SecretObject/label`` may be used.
    init(
        client: KubernetesClient, time: OperatorTime, random: @escaping @Sendable () -> Double, allowsUnlabelled: Bool
    ) {
        self.client = client
        self.time = time
        self.random = random
        self.allowsUnlabelled = allowsUnlabelled
    }

    func value(
        of reference: SecretReference, namespace: String, _ freshness: SecretFreshness
    ) async throws(SecretProblem) -> SecretString? {
        let key = ObjectKey(namespace: namespace, name: reference.name)
        switch await outcome(of: key, freshness, isOptional: reference.isOptional) {
        case .success(let secret):
            return try secret.value(of: reference, at: key, allowsUnlabelled: allowsUnlabelled)
        case .failure(.notFound) where reference.isOptional: return nil
        case .failure(let failure): throw failure.problem(key, reference)
        }
    }

    private func outcome(of key: ObjectKey, _ freshness: SecretFreshness, isOptional: Bool) async -> Outcome {
        let known = entries[key]
        if let known, !isDue(known, freshness, isOptional: isOptional) {
            use(key)
            return known.outcome
        }
        if waiters[key] != nil {
            // A reader that accepts a cached value does not wait for the renewal.
            if freshness == .cached, let known, case .success = known.outcome { return known.outcome }
            return await withCheckedContinuation { waiters[key, default: []].append($0) }
        }
        waiters[key] = []
        let fetched = await fetch(key)
        let outcome = keep(fetched, key, known)
        for waiter in waiters.removeValue(forKey: key) ?? [] { waiter.resume(returning: outcome) }
        return outcome
    }

    private func isDue(_ entry: Entry, _ freshness: SecretFreshness, isOptional: Bool) -> Bool {
        switch freshness {
        case .cached:
            if isOptional, case .failure(.notFound) = entry.outcome {
                // The result is not awaited.
                time.elapsed() >= entry.fetchedAt + SecretLimits.lifetime
            } else {
                time.elapsed() >= entry.expiresAt
            }
        case .recent: time.elapsed() >= entry.fetchedAt + SecretLimits.leastInterval
        }
    }

    private func fetch(_ key: ObjectKey) async -> Outcome {
        do throws(KubernetesError) {
            let object = try await client.get(
                SecretObject.kind, key, SecretObject.reader, deadline: SecretLimits.deadline)
            return .success(SecretObject(object))
        } catch {
            return .failure(SecretFetchFailure(error))
        }
    }

    // MARK: Keeping

    private func keep(_ fetched: Outcome, _ key: ObjectKey, _ known: Entry?) -> Outcome {
        let now = time.elapsed()
        var outcome = fetched
        var lifetime = SecretLimits.leastInterval
        switch fetched {
        case .success: lifetime = SecretLimits.lifetime * (1 + SecretLimits.jitter * (2 * random() - 1))
        case .failure(.unavailable): if let known, case .success = known.outcome { outcome = known.outcome }
        case .failure: break
        }
        remove(key)
        let entry = Entry(outcome: outcome, fetchedAt: now, expiresAt: now + lifetime, lastUse: 0)
        entries[key] = entry
        bytes += entry.bytes
        use(key)
        while entries.count > SecretLimits.maxSecrets || bytes > SecretLimits.maxBytes, entries.count > 1,
            let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
        {
            remove(oldest)
        }
        return outcome
    }

    private func remove(_ key: ObjectKey) {
        bytes -= entries.removeValue(forKey: key)?.bytes ?? 0
    }

    private func use(_ key: ObjectKey) {
        uses += 1
        entries[key]?.lastUse = uses
    }
}

/// The reason why a Secret could not be fetched.
private enum SecretFetchFailure: Error {
    case notFound
    /// The API server's message, which names the user and the permission.
    case forbidden(String)
    case unavailable(String)

    init(_ error: KubernetesError) {
        switch error.kind {
        case .notFound: self = .notFound
        case .forbidden: self = .forbidden(error.message)
        default: self = .unavailable(error.message)
        }
    }

    func problem(_ key: ObjectKey, _ reference: SecretReference) -> SecretProblem {
        switch self {
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
