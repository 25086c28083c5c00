import FoundationEssentials
import HTTPTransport
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import KubernetesClient

@Suite("Credentials", .timeLimit(.minutes(5)))
struct CredentialTests {
    private let clock = ManualClock()

    private func store(
        _ source: CredentialSource, files: FileReader = .system, commands: CommandRunner = .subprocess
    ) -> CredentialStore {
        CredentialStore(
            source: source, files: files, commands: commands, time: clock.time,
            logger: .silent)
    }

    private func authorization(_ store: CredentialStore) async throws -> String? {
        try await store.current().authorization?.revealed
    }

    @Test("basic authentication is encoded as in RFC 7617")
    func basic() async throws {
        let store = store(.basic(user: "Aladdin", password: SecretString("open sesame")))
        #expect(try await authorization(store) == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")
    }

    // MARK: Token files

    @Test("a token file is read again after a minute, and the last token stays in use if the file is unreadable")
    func tokenFile() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/token"
            let store = store(.tokenFile(path))
            let missing = await Result { try await store.current() }.failure as? KubernetesError
            #expect(missing?.kind == .credentials)
            #expect(missing?.message == "cannot read the token: \(path): No such file or directory")

            try write("one\n", to: path)
            #expect(try await authorization(store) == "Bearer one")
            try write("two\n", to: path)
            clock.advance(by: .seconds(59))
            #expect(try await authorization(store) == "Bearer one")
            clock.advance(by: .seconds(2))
            #expect(try await authorization(store) == "Bearer two")
            try write("", to: path)
            clock.advance(by: .seconds(61))
            #expect(try await authorization(store) == "Bearer two")
        }
    }

    @Test("dropping a credential that has been renewed has no effect")
    func dropOld() async throws {
        let reads = Atomic<Int>(0)
        let files = FileReader { _ throws(FileReader.Failure) in
            Array("t\(reads.wrappingAdd(1, ordering: .relaxed).newValue)".utf8)
        }
        let store = store(.tokenFile("/t"), files: files)
        let old = try await store.current()
        await store.drop(old)
        #expect(try await authorization(store) == "Bearer t2")
        await store.drop(old)
        #expect(try await authorization(store) == "Bearer t2")
    }

    // MARK: Exec plugins

    private func plugin(
        _ command: String, version: String = "v1", arguments: [String] = [], environment: [String: String] = [:]
    ) -> ExecPlugin {
        ExecPlugin(
            apiVersion: "client.authentication.k8s.io/\(version)", command: command, arguments: arguments,
            environment: environment.merging(["PATH": "/usr/bin:/bin"]) { $1 }, installHint: "get it\nthere")
    }

    private func credential(_ status: JSON, version: String = "v1") -> JSON {
        [
            "apiVersion": .string("client.authentication.k8s.io/\(version)"), "kind": "ExecCredential",
            "status": status,
        ]
    }

    @Test(
        "a credential program gets its arguments and environment, and its token is used", arguments: ["v1", "v1beta1"])
    func realProgram(version: String) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/login"
            try write(
                """
                #!/bin/sh
                cat > /dev/null
                case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) ;; *) exit 9;; esac
                [ -z "$HOME" ] || exit 8
                echo '{"apiVersion":"client.authentication.k8s.io/\(version)","kind":"ExecCredential",'
                echo '"status":{"token":"'"$1-$REGION"'"}}'
                """, to: path, executable: true)
            let store = store(
                .exec(plugin(path, version: version, arguments: ["a b"], environment: ["REGION": "north"])))
            #expect(try await authorization(store) == "Bearer a b-north")
        }
    }

    @Test("a failing credential program is reported with its output, and a missing one with the install hint")
    func realFailures() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/login"
            try write("#!/bin/sh\necho 'please log in' >&2\necho 'first' >&2\nexit 3\n", to: path, executable: true)
            let failed = await Result { try await store(.exec(plugin(path))).current() }.failure as? KubernetesError
            #expect(
                failed?.message == "the credential plugin \(path) ended with status 3: please log in first")

            let missing = await Result { try await store(.exec(plugin("no-such-login"))).current() }.failure
            let message = try #require(missing as? KubernetesError).message
            #expect(message.hasPrefix("the credential plugin no-such-login cannot be run: "))
            #expect(message.hasSuffix(". get it there"))
        }
    }

    @Test("a credential program with endless output is stopped")
    func endlessOutput() async throws {
        let error = await Result { try await store(.exec(plugin("yes"))).current() }.failure as? KubernetesError
        #expect(error?.message == "the credential plugin yes cannot be run: it wrote too much output")
    }

    @Test("a credential program that does not end is killed at its deadline with its child processes")
    func deadline() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/login"
            try write("#!/bin/sh\nsleep 1000\necho late\n", to: path, executable: true)
            async let result = Result { try await store(.exec(plugin(path))).current() }
            try await clock.sleeper(dueIn: .seconds(60))
            clock.advance(by: .seconds(60))
            let error = await result.failure as? KubernetesError
            #expect(error?.message.contains("did not end within 60.0 seconds") == true)
        }
    }

    @Test("a credential is kept until shortly before it expires, and concurrent calls run the program once")
    func expiry() async throws {
        let runs = Atomic<Int>(0)
        let start = clock.wallMicroseconds()
        let answers = (1...3).map { run in
            credential([
                "token": .string("t\(run)"),
                "expirationTimestamp": .string(
                    RFC3339.text(microseconds: start + Int64(run) * 3_600_000_000, precision: .seconds)),
            ])
        }
        let commands = CommandRunner { _ throws(CommandRunner.Failure) in
            let run = runs.wrappingAdd(1, ordering: .relaxed).oldValue
            return .init(status: 0, standardOutput: answers[run].encoded(), standardError: [])
        }
        let store = store(.exec(plugin("login")), commands: commands)
        async let first = store.current()
        async let second = store.current()
        #expect(try await [first, second].map { $0.authorization?.revealed } == ["Bearer t1", "Bearer t1"])
        #expect(runs.load(ordering: .relaxed) == 1)
        clock.advance(by: .seconds(3_539))
        #expect(try await authorization(store) == "Bearer t1")
        clock.advance(by: .seconds(2))
        #expect(try await authorization(store) == "Bearer t2")
        await store.drop(try await store.current())
        #expect(try await authorization(store) == "Bearer t3")
    }

    @Test("a client certificate from a credential program is used for TLS")
    func certificate() async throws {
        let answer = credential(["clientCertificateData": "CERT", "clientKeyData": "KEY"])
        let commands = CommandRunner { _ throws(CommandRunner.Failure) in
            .init(status: 0, standardOutput: answer.encoded(), standardError: [])
        }
        let fixture = Fixture(credentials: .exec(plugin("login")), commands: commands)
        async let object = fixture.client.get(.sample, .web)
        let call = try await fixture.server.next()
        #expect(call.request.tls.clientCertificate == Array("CERT".utf8))
        #expect(call.request.tls.clientKey == Array("KEY".utf8))
        #expect(call.header("Authorization") == nil)
        call.answer(sample("web", version: 1))
        _ = try await object
    }

    private static let v1 = #""apiVersion":"client.authentication.k8s.io/v1""#

    @Test(
        "an ExecCredential may have empty fields and unknown ones, no kind, a byte order mark, and be YAML",
        arguments: [
            #"{\#(v1),"status":{"token":"t","clientCertificateData":"","clientKeyData":""}}"#,
            #"{\#(v1),"kind":"","status":{"token":"t","clientKeyData":null,"expirationTimestamp":null}}"#,
            #"{\#(v1),"kind":"ExecCredential","spec":{},"x":1,"status":{"token":"t","x":"\ud83d\ude80"}}"#,
            "\u{FEFF}{\(v1),\"status\":{\"token\":\"t\"}}",
            "apiVersion: client.authentication.k8s.io/v1\nkind: ExecCredential\nstatus:\n  token: t\n",
        ])
    func lenient(output: String) throws {
        let credential = try plugin("login").read(Array(output.utf8)).credential
        #expect(credential.authorization?.revealed == "Bearer t")
        #expect(credential.clientCertificate == nil)
    }

    @Test("an ExecCredential in UTF-16 with a byte order mark is read")
    func utf16() throws {
        let output = "\u{FEFF}{\(Self.v1),\"status\":{\"token\":\"t\"}}".utf16.flatMap {
            [UInt8($0 >> 8), UInt8($0 & 0xFF)]
        }
        #expect(try plugin("login").read(output).credential.authorization?.revealed == "Bearer t")
    }

    @Test(
        "exec plugin output that is not an ExecCredential is rejected",
        arguments: [
            ("hello", "must be an object"), ("a: [", "printed neither JSON nor YAML"), ("", "must be an object"),
            (#"{"kind":"Secret","apiVersion":"v1","status":{"token":"x"}}"#, "kind: is Secret, not ExecCredential"),
            (#"{"kind":"ExecCredential","status":{"token":"x"}}"#, "apiVersion: is required"),
            ("[]", "must be an object"),
            (#"{"apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"x"}}"#, "apiVersion: is client"),
            (#"{"apiVersion":"client.authentication.k8s.io/v1"}"#, "status: is required"),
            (#"{"apiVersion":"client.authentication.k8s.io/v1","status":{}}"#, "neither a token nor"),
            (#"{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":""}}"#, "neither a token nor"),
            (
                #"{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"x","expirationTimestamp":""}}"#,
                "RFC 3339"
            ),
            (
                #"{"apiVersion":"client.authentication.k8s.io/v1","status":{"clientKeyData":"x"}}"#,
                "needs clientCertificateData and clientKeyData together"
            ),
            (
                #"{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"x","expirationTimestamp":"soon"}}"#,
                "expirationTimestamp: must be an RFC 3339 time"
            ),
        ])
    func malformed(output: String, says: String) async throws {
        let commands = CommandRunner { _ throws(CommandRunner.Failure) in
            .init(status: 0, standardOutput: Array(output.utf8), standardError: [])
        }
        let store = store(.exec(plugin("login")), commands: commands)
        let error = await Result { try await store.current() }.failure as? KubernetesError
        #expect(error?.kind == .credentials)
        #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
    }

    // MARK: Printing

    @Test("printing a secret does not show its text")
    func secretsDoNotPrint() {
        let secret = SecretString("hush")
        let source = CredentialSource.basic(user: "me", password: secret)
        let plugin = CredentialSource.exec(plugin("login", arguments: ["hush"], environment: ["K": "hush"]))
        let configuration = ClusterConfiguration(
            server: "https://x", tls: TLSOptions(clientKey: Array("hush".utf8)), credentials: .token(secret))
        for value in [secret, source, plugin, configuration, Credential(authorization: secret)] as [Any] {
            var dumped = ""
            dump(value, to: &dumped)
            for text in ["\(value)", String(reflecting: value), dumped] { #expect(!text.contains("hush")) }
        }
        #expect("\(secret)" == "***")
    }
}
