import KubernetesClient
import ScalerAPI
import Scaling
import Synchronization
import SystemIO
import WireFormats

/// A token as the API server issues it.
struct TokenKey: Sendable, Hashable {
    let account: ObjectKey
    /// Nil for the API server itself.
    let audience: String?
}

/// A token, and the lifetime that was requested for it.
struct RequestedToken: Sendable {
    let text: SecretString
    let seconds: Int
}

/// The shortest lifetime that scalers want of a token. All scalers with the same account and audience share one token,
/// which must not be valid for longer than any of them allows.
final class TokenLifetimes: Sendable {
    private struct Request {
        var seconds: Int
        var lastUse: Duration
    }

    private let requests = Mutex<[TokenKey: Request]>([:])

    /// Notes the lifetime that a scaler requests. A shorter one counts until no scaler has requested it for as long as a token can
    /// be valid.
    func note(_ seconds: Int, _ key: TokenKey, now: Duration) {
        requests.withLock { requests in
            if let known = requests[key], known.seconds < seconds,
                now < known.lastUse + .seconds(TokenReference.expirationRange.upperBound)
            {
                return
            }
            if requests.count >= SecretLimits.maxSecrets, requests[key] == nil { requests.removeAll() }
            requests[key] = Request(seconds: seconds, lastUse: now)
        }
    }

    func shortest(_ key: TokenKey) -> Int {
        requests.withLock { $0[key]?.seconds } ?? TokenReference.defaultExpiration
    }
}

/// Requests tokens of ServiceAccounts that allow it.
struct TokenRequests: Sendable {
    /// The audiences that GeneralScalers may request tokens for, separated by commas. Without it there are none.
    static let audiences = "autoscaling.example.com/token-audiences"
    /// The entry that allows tokens for the API server itself, which only the administrator's defaults can request.
    static let serverAudience = "kube-apiserver"
    private static let reader = ObjectReader(
        ObjectFields([:], metadata: ["labels", "annotations"]), limits: SecretLimits.object)

    let client: KubernetesClient
    let lifetimes: TokenLifetimes
    let time: TimeSource
    /// Uniform in 0..<1.
    let random: @Sendable () -> Double

    func token(_ key: TokenKey) async -> Result<FetchCache<TokenKey, RequestedToken>.Fetched, FetchFailure> {
        let seconds = lifetimes.shortest(key)
        do throws(KubernetesError) {
            let object = try await client.get(
                .serviceAccount, key.account, Self.reader, deadline: SecretLimits.deadline)
            let own = try await client.ownServiceAccount()
            if let problem = Self.problem(object, key, own: own) { return .failure(.refused(problem)) }
            let token = try await client.issueToken(
                key.account, audience: key.audience, expirationSeconds: seconds,
                deadline: SecretLimits.deadline)
            // A token of the operator's own account is never used, by whichever name it was requested.
            if let own, ServiceAccountToken.account(of: token.text.revealed) == own {
                return .failure(.refused(Self.ownAccount(key)))
            }
            let validity = Timestamp(microsecondsSince1970: token.expiresAt) - time.now()
            let lifetime = validity * (SecretLimits.tokenLifetimeShare * (1 - SecretLimits.jitter * random()))
            return .success(
                .init(
                    value: RequestedToken(text: token.text, seconds: seconds),
                    lifetime: max(lifetime, SecretLimits.leastInterval),
                    validity: max(validity, SecretLimits.leastInterval), bytes: token.text.revealed.utf8.count))
        } catch {
            return .failure(FetchFailure(error))
        }
    }

    private static func problem(_ account: JSON, _ key: TokenKey, own: ObjectKey?) -> SecretProblem? {
        guard key.account != own else { return ownAccount(key) }
        let metadata = account["metadata"]
        guard metadata?["labels"]?[SecretObject.label] == "true" else {
            return SecretProblem(
                .noToken,
                "ServiceAccount \(key.account) may not be used: it lacks the label \(SecretObject.label): \"true\". If "
                    + "GeneralScalers may send its tokens to their sources, run: kubectl -n \(key.account.namespace) label "
                    + "serviceaccount \(key.account.name) \(SecretObject.label)=true")
        }
        let audience = key.audience ?? serverAudience
        let allowed = (metadata?["annotations"]?[audiences]?.stringValue ?? "").split { $0 == "," || $0.isWhitespace }
        guard allowed.contains(where: { $0 == audience }) else {
            return SecretProblem(
                .noToken,
                "ServiceAccount \(key.account) does not allow tokens for the audience \(audience): add it to the "
                    + "account's annotation \(audiences), which lists the allowed ones separated by commas")
        }
        return nil
    }

    private static func ownAccount(_ key: TokenKey) -> SecretProblem {
        SecretProblem(
            .noToken,
            "ServiceAccount \(key.account) is the operator's own, whose tokens are never sent to a source: create another "
                + "account for it")
    }
}

extension FetchFailure {
    func problem(_ key: TokenKey) -> SecretProblem {
        switch self {
        case .refused(let problem): problem
        case .notFound:
            SecretProblem(
                .noToken, "ServiceAccount \(key.account) does not exist: create it, or correct serviceAccountName")
        case .forbidden(let message):
            SecretProblem(
                .noToken,
                "the operator may not issue tokens of ServiceAccount \(key.account): grant its own service account get on "
                    + "serviceaccounts and create on serviceaccounts/token in namespace \(key.account.namespace), with "
                    + "resourceNames: [\(key.account.name)]. The API server returned: \(message)")
        case .unavailable(let message):
            SecretProblem(
                .noToken, "failed to get a token of ServiceAccount \(key.account); the operator retries: \(message)")
        }
    }
}
