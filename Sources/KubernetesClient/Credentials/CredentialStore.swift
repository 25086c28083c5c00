import FoundationEssentials
import Logging
import SystemIO
import WireFormats

/// Holds the current credential and renews it before it expires. Concurrent calls share one renewal.
actor CredentialStore {
    private struct Held {
        let credential: Credential
        /// The lifetime in microseconds since 1970. Before its start (the clock was set back), the credential is
        /// renewed too.
        let lifetime: Range<Int64>
    }

    private let source: CredentialSource
    private let files: FileReader
    private let commands: CommandRunner
    private let time: TimeSource
    private let logger: Logger
    private var held: Held?
    private var generation = 0
    private var renewal: Task<Result<Credential, KubernetesError>, Never>?

    init(
        source: CredentialSource, files: FileReader, commands: CommandRunner, time: TimeSource,
        logger: Logger
    ) {
        self.source = source
        self.files = files
        self.commands = commands
        self.time = time
        self.logger = logger
    }

    func current() async throws(KubernetesError) -> Credential {
        switch source {
        case .none: return Credential()
        case .token(let token): return bearer(token)
        case .basic(let user, let password):
            let pair = Data("\(user):\(password.revealed)".utf8).base64EncodedString()
            return Credential(authorization: SecretString("Basic \(pair)"))
        case .tokenFile(let path):
            if let held, held.lifetime.contains(time.wallMicroseconds()) { return held.credential }
            return try readToken(path)
        case .exec(let plugin):
            if let held, held.lifetime.contains(time.wallMicroseconds()) { return held.credential }
            return try await run(plugin)
        }
    }

    /// Drops a credential that the server refused, unless it has been renewed since.
    func drop(_ credential: Credential) {
        if held?.credential.generation == credential.generation { held = nil }
    }

    private func bearer(_ token: SecretString) -> Credential {
        Credential(authorization: SecretString("Bearer \(token.revealed)"))
    }

    private func readToken(_ path: String) throws(KubernetesError) -> Credential {
        do {
            let token = try Self.token(at: path, files)
            return hold(bearer(token), until: time.wallMicroseconds() + KubernetesLimits.tokenFileLifetimeMicroseconds)
        } catch {
            // Keeps using a token whose file can no longer be read: it may still be valid, and the server decides.
            guard let held else { throw KubernetesError(.credentials, "cannot read the token: \(error)") }
            logger.warning(
                "token file cannot be read; keeping the last token", metadata: ["error": "\(error)"])
            return held.credential
        }
    }

    static func token(at path: String, _ files: FileReader) throws(FileReader.Failure) -> SecretString {
        let text = String(decoding: TextDecoder.withoutMark(try files.read(path)), as: UTF8.self)
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 1 else {
            throw FileReader.Failure(path: path, message: words.isEmpty ? "is empty" : "is not one token")
        }
        return SecretString(String(words[0]))
    }

    private func run(_ plugin: ExecPlugin) async throws(KubernetesError) -> Credential {
        if let renewal { return try await renewal.value.get() }
        // Every call that needs the credential awaits this task; the plugin's own deadline ends it.
        let renewal = Task { await self.renew(with: plugin) }
        self.renewal = renewal
        return try await renewal.value.get()
    }

    private func renew(with plugin: ExecPlugin) async -> Result<Credential, KubernetesError> {
        defer { renewal = nil }
        do throws(KubernetesError) {
            let fresh = try await plugin.credential(commands: commands, time: time)
            let now = time.wallMicroseconds()
            guard let expires = fresh.expires else { return .success(hold(fresh.credential, until: .max)) }
            let margin = min(KubernetesLimits.credentialMarginMicroseconds, max(0, expires - now) / 10)
            return .success(hold(fresh.credential, until: expires - margin))
        } catch {
            return .failure(error)
        }
    }

    private func hold(_ credential: Credential, until end: Int64) -> Credential {
        generation += 1
        var credential = credential
        credential.generation = generation
        let now = time.wallMicroseconds()
        held = Held(credential: credential, lifetime: now..<max(now, end))
        return credential
    }
}
