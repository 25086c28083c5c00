import Foundation
import HTTPTransport
import KubernetesClient
import Subprocess
import SystemIO
import SystemPackage
import TestSupport
import Testing
import WireFormats

/// Each kubeconfig is used by kubectl and by this project's client, and a server reports their identities.
@Suite(
    "Kubeconfigs compared with kubectl", .timeLimit(.minutes(3)),
    .enabled(if: Kubectl.isInstalled, "kubectl is not installed"))
struct KubeconfigComparisonTests {
    private struct Case {
        let name: String
        let bytes: [UInt8]
        /// Whether kubectl accepts a file that this project refuses.
        let kubectlTakesIt: Bool

        init(_ name: String, _ text: String, kubectlTakesIt: Bool = false) {
            self.init(name, Array(text.utf8), kubectlTakesIt: kubectlTakesIt)
        }

        init(_ name: String, _ bytes: [UInt8], kubectlTakesIt: Bool = false) {
            self.name = name
            self.bytes = bytes
            self.kubectlTakesIt = kubectlTakesIt
        }
    }

    private struct Template {
        let server: String

        /// Returns a kubeconfig with one cluster, one context and one user.
        func config(
            user: String = "token: abc", cluster: String = "", context: String = "", current: String = "c",
            server: String? = nil, authority: String = "certificate-authority: ca.crt", head: String = ""
        ) -> String {
            """
            \(head)current-context: \(current)
            clusters:
            - name: k
              cluster:
                server: '\(server ?? self.server)'
                \(authority)
                \(cluster)
            contexts:
            - name: c
              context: {cluster: k, user: u\(context)}
            users:
            - name: u
              user: {\(user)}

            """
        }

        func exec(
            _ program: String, _ more: String = "", mode: String = "interactiveMode: Never", version: String = "v1"
        ) -> String {
            "exec: {apiVersion: client.authentication.k8s.io/\(version), command: ./\(program), \(mode)}\(more)"
        }
    }

    @Test("kubeconfig files are accepted, with the same credentials, and refused as in kubectl")
    func comparison() async throws {
        try await withServer { directory, template in
            let cases = Self.users(template) + Self.plugins(template) + Self.clusters(template) + Self.files(template)
            for `case` in cases {
                let path = directory.appending(path: "config").path
                try Data(`case`.bytes).write(to: URL(filePath: path))
                let arguments = ["--kubeconfig", path, "get", "--raw", "/api/v1/namespaces/default/configmaps/echo"]
                let kubectl = try await Kubectl.run(arguments)
                let theirs = kubectl.isSuccess ? try? JSON(parsing: kubectl.output)["data"] : nil
                let ours = await answer(path)
                if `case`.kubectlTakesIt {
                    #expect(kubectl.isSuccess, "\(`case`.name): kubectl says \(kubectl.output)")
                    #expect((try? ours.get()) == nil, "\(`case`.name)")
                } else {
                    #expect(
                        Self.withLowerCaseNames((try? ours.get()) ?? nil) == Self.withLowerCaseNames(theirs),
                        "\(`case`.name): kubectl says \(kubectl.output), and here \(ours)")
                }
            }
        }
    }

    private func answer(_ path: String) async -> Result<JSON?, any Error> {
        let http = CurlHTTPClient()
        let result: Result<JSON?, any Error>
        do {
            let client = KubernetesClient(
                configuration: try .kubeconfig(path: path, context: nil, environment: ["PATH": "/usr/bin:/bin"]),
                http: http, time: .system, random: { 0 }, logger: .silent)
            let kind = ResourceKind(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps")
            result = .success(try await client.get(kind, ObjectKey(namespace: "default", name: "echo"))["data"])
        } catch {
            result = .failure(error)
        }
        await http.shutdown()
        return result
    }

    private func withServer(_ body: (URL, Template) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "kubeconfig-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        let certificates = try TestCertificates.shared.get()
        func write(_ name: String, _ bytes: [UInt8], isProgram: Bool = false) throws {
            let path = directory.appending(path: name).path
            guard !isProgram else { return try ExecutableFile.write(String(decoding: bytes, as: UTF8.self), to: path) }
            try Data(bytes).write(to: URL(filePath: path))
        }
        try write("ca.crt", certificates.authority)
        try write("server.crt", certificates.server.certificate)
        try write("server.key", certificates.server.key)
        try write("client.crt", certificates.client.certificate)
        try write("client.key", certificates.client.key)
        try write("token", Array("from-file\n".utf8))
        try write("empty", [])
        for (name, output) in Self.programs {
            try write("\(name).out", Array(output))
            let script = "#!/bin/sh\nexec cat '\(directory.path)/\(name).out'\n"
            try write(name, Array(script.utf8), isProgram: true)
        }
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Support/echo_server.py").path
        var platform = PlatformOptions()
        platform.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(5))]
        let outcome = try await Subprocess.run(
            .name("python3"),
            arguments: [
                script, directory.appending(path: "server.crt").path, directory.appending(path: "server.key").path,
            ],
            platformOptions: platform, input: .none, output: .sequence, error: .discarded
        ) { execution -> Result<Void, any Error> in
            var output = execution.standardOutput.makeAsyncIterator()
            let result: Result<Void, any Error>
            do {
                var text = ""
                while !text.contains("\n"), let chunk = try await output.next() {
                    text += chunk.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
                }
                let port = text.trimmingCharacters(in: .whitespacesAndNewlines)
                result = .success(try await body(directory, Template(server: "https://127.0.0.1:\(port)")))
            } catch {
                result = .failure(error)
            }
            try? execution.send(signal: .terminate)
            while try await output.next() != nil {}
            return result
        }
        try outcome.takeClosureResult().get()
    }

    /// Lowercases header names, which are case-insensitive.
    private static func withLowerCaseNames(_ headers: JSON?) -> [String: JSON]? {
        headers?.objectValue.map { Dictionary($0.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { $1 }) }
    }

    // MARK: Cases

    private static func users(_ t: Template) -> [Case] {
        [
            Case("a token", t.config()), Case("a null token and a file", t.config(user: "token: , tokenFile: token")),
            Case("a number for a token", t.config(user: "token: 12")),
            Case("a token with a line end", t.config(user: #"token: "a\n""#)),
            Case("a token file", t.config(user: "tokenFile: token")),
            Case("both", t.config(user: "tokenFile: token, token: abc")),
            Case("no token file", t.config(user: "tokenFile: none")),
            Case("no token file, and a token", t.config(user: "tokenFile: none, token: abc")),
            Case("an empty token file, and a token", t.config(user: "tokenFile: empty, token: abc")),
            Case("a name and password", t.config(user: "username: a, password: b")),
            Case("a name", t.config(user: "username: a")),
            Case("a token and a name", t.config(user: "token: abc, username: a")),
            Case("a token and a password", t.config(user: "token: abc, password: b")),
            Case("a token file and a name", t.config(user: "tokenFile: token, username: a")),
            Case("a token file and a password", t.config(user: "tokenFile: token, password: b")),
            Case("a provider that is gone", t.config(user: "token: abc, auth-provider: {name: gcp}")),
            Case("a null provider", t.config(user: "token: abc, auth-provider: , exec: ")),
            Case(
                "impersonation",
                t.config(user: "token: abc, as: boss, as-uid: '7', as-groups: [a], as-user-extra: {'x/y': [v]}")),
            Case("empty impersonation", t.config(user: "token: abc, as: '', as-groups: [], as-user-extra: {}")),
            Case("null impersonation", t.config(user: "token: abc, as: , as-groups: , as-uid: ")),
            Case("groups without a user", t.config(user: "token: abc, as-groups: [a]")),
            Case(
                "a client certificate",
                t.config(user: "client-certificate: client.crt, client-key: client.key, token: abc")),
            Case("a certificate without a key", t.config(user: "client-certificate: client.crt, token: abc")),
            Case("a key without a certificate", t.config(user: "client-key: none.key, token: abc")),
            Case(
                "a missing certificate", t.config(user: "client-certificate: no, client-key: no, token: abc")),
            Case(
                "a certificate twice",
                t.config(
                    user:
                        "client-certificate: client.crt, client-certificate-data: Q0E=, client-key: client.key, token: abc"
                )),
            Case("two users of one name", t.config() + "- name: u\n  user: {token: other}\n"),
            Case("two unused users of one name", t.config() + "- name: z\n- name: z\n"),
            Case("two users whose case differs", t.config() + "- name: U\n  user: {token: other}\n"),
            Case("another user of the wrong type", t.config() + "- name: z\n  user: {token: 5}\n"),
            Case("another user that is null", t.config() + "- \n"),
            Case("a field whose case differs", t.config(user: "Token: no, token: abc")),
            Case("unknown fields", t.config(user: "token: abc, x: 1", cluster: "y: 2")),
            Case("a repeated field", t.config(user: "token: abc, token: abd"), kubectlTakesIt: true),
            Case("a merge key", t.config(user: "<<: {token: merged}")),
        ]
    }

    private static let v1 = #""apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential""#

    /// The output of plugins by name.
    private static let programs: [(String, [UInt8])] =
        texts.map { ($0, Array($1.utf8)) } + [("utf16", utf16(texts[0].1))]

    private static func utf16(_ text: String) -> [UInt8] {
        "\u{FEFF}\(text)".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    }

    private static let texts: [(String, String)] =
        [
            ("ok", #"{\#(v1),"status":{"token":"t"}}"#),
            (
                "empties",
                #"{\#(v1),"status":{"token":"t","clientCertificateData":"","clientKeyData":"","expirationTimestamp":null}}"#
            ),
            ("nothing", #"{\#(v1),"status":{"token":""}}"#), ("nostatus", #"{\#(v1),"status":null}"#),
            ("past", #"{\#(v1),"status":{"token":"t","expirationTimestamp":"2001-01-01T00:00:00Z"}}"#),
            (
                "fraction",
                #"{\#(v1),"status":{"token":"t","expirationTimestamp":"2091-01-01T00:00:00.123456789+02:00"}}"#
            ),
            ("notime", #"{\#(v1),"status":{"token":"t","expirationTimestamp":""}}"#),
            ("unknown", #"{\#(v1),"metadata":{},"spec":{"interactive":false},"x":1,"status":{"token":"t","y":2}}"#),
            ("keyonly", #"{\#(v1),"status":{"token":"t","clientKeyData":"x"}}"#),
            ("number", #"{\#(v1),"status":{"token":5}}"#), ("log", "hello\n{\(v1),\"status\":{\"token\":\"t\"}}"),
            ("two", "{\(v1),\"status\":{\"token\":\"t\"}} {}"),
            ("mark", "\u{FEFF}{\(v1),\"status\":{\"token\":\"t\"}}"),
            ("nokind", #"{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t"}}"#),
            (
                "kindcase",
                #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"execcredential","status":{"token":"t"}}"#
            ),
            ("noversion", #"{"kind":"ExecCredential","status":{"token":"t"}}"#),
            (
                "beta",
                #"{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"t"}}"#
            ),
            ("yaml", "apiVersion: client.authentication.k8s.io/v1\nkind: ExecCredential\nstatus: {token: t}\n"),
            ("silent", ""),
        ]

    private static func plugins(_ t: Template) -> [Case] {
        let others: [Case] = [
            Case("plugin and token", t.config(user: t.exec("ok", ", token: abc"))),
            Case("plugin and token file", t.config(user: t.exec("ok", ", tokenFile: token"))),
            Case("plugin and name", t.config(user: t.exec("ok", ", username: a, password: b"))),
            Case("plugin and password", t.config(user: t.exec("ok", ", password: b"))),
            Case("plugin and provider", t.config(user: t.exec("ok", ", auth-provider: {name: gcp}"))),
            Case("plugin and empty token", t.config(user: t.exec("ok", ", token: ''"))),
            Case("plugin and client key", t.config(user: t.exec("ok", ", client-key: client.key"))),
            Case("plugin of v1beta1", t.config(user: t.exec("beta", mode: "args: []", version: "v1beta1"))),
            Case("plugin of v1beta1 as v1", t.config(user: t.exec("beta"))),
            Case("plugin of v1alpha1", t.config(user: t.exec("ok", version: "v1alpha1"))),
            Case("plugin without a mode", t.config(user: t.exec("ok", mode: "args: []"))),
            Case("plugin with an unknown mode", t.config(user: t.exec("ok", mode: "interactiveMode: never"))),
            Case("plugin that asks always", t.config(user: t.exec("ok", mode: "interactiveMode: Always"))),
            Case(
                "plugin that asks always, and a token",
                t.config(user: t.exec("ok", ", token: abc", mode: "interactiveMode: Always"))),
            Case("bad plugin and token", t.config(user: t.exec("ok", ", token: abc", mode: "interactiveMode: x"))),
            Case(
                "plugin with null fields",
                t.config(user: t.exec("ok", mode: "interactiveMode: Never, env: , args: , installHint: "))),
            Case(
                "plugin with a null argument",
                t.config(user: t.exec("ok", mode: "interactiveMode: Never, args: [null]"))),
            Case(
                "plugin with a number for an argument",
                t.config(user: t.exec("ok", mode: "interactiveMode: Never, args: [5]"))),
            Case(
                "plugin with a variable without a name",
                t.config(user: t.exec("ok", mode: "interactiveMode: Never, env: [{value: a}]"))),
            Case(
                "plugin without a command",
                t.config(user: "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}")),
            Case("plugin without content", t.config(user: "exec: {}, token: abc")),
        ]
        return programs.map { name, _ in Case("plugin \(name)", t.config(user: t.exec(name))) } + others
    }

    private static func clusters(_ t: Template) -> [Case] {
        let insecure = "insecure-skip-tls-verify: true"
        let upper = t.server.replacing("https", with: "HTTPS")
        return [
            Case("upper-case scheme", t.config(server: upper)), Case("slash", t.config(server: "\(t.server)/")),
            Case("a blank before", t.config(server: " \(t.server)")),
            Case("a blank after", t.config(server: "\(t.server) ")),
            Case("another scheme", t.config(server: t.server.replacing("https", with: "ftp"))),
            Case("no scheme", t.config(server: t.server.replacing("https:", with: ""))),
            Case("a port that is none", t.config(server: "https://127.0.0.1:99999")),
            Case("no server", t.config(server: "")),
            Case("a query", t.config(server: "\(t.server)/?a=b")),
            Case("a fragment", t.config(server: "\(t.server)/#a")),
            Case("insecure", t.config(authority: insecure)),
            Case("insecure with authority", t.config(cluster: insecure)),
            Case(
                "insecure with authority's data",
                t.config(cluster: insecure, authority: "certificate-authority-data: Q0E=")),
            Case("insecure in quotes", t.config(authority: "insecure-skip-tls-verify: 'true'")),
            Case("insecure as YAML 1.1 says it", t.config(authority: "insecure-skip-tls-verify: yes")),
            Case("no authority", t.config(authority: "")),
            Case("authority not there", t.config(authority: "certificate-authority: no")),
            Case("authority twice", t.config(cluster: "certificate-authority-data: Q0E=")),
            Case("authority no PEM", t.config(authority: "certificate-authority-data: Q0E=")),
            Case("authority no base64", t.config(authority: "certificate-authority-data: '%'")),
            Case(
                "another's bad base64",
                t.config().replacing(
                    "contexts:", with: "- name: z\n  cluster: {certificate-authority-data: '%'}\ncontexts:")),
            Case(
                "another bad cluster",
                t.config().replacing(
                    "contexts:", with: "- name: z\n  cluster: {server: 'x:y:z', certificate-authority: no}\ncontexts:")),
            Case("server's name", t.config(cluster: "tls-server-name: localhost")),
            Case("another server's name", t.config(cluster: "tls-server-name: elsewhere")),
            Case(
                "empty fields",
                t.config(
                    cluster: "tls-server-name: ''\n    proxy-url: ''\n    extensions:\n    disable-compression: true")),
            Case("dead proxy", t.config(cluster: "proxy-url: http://127.0.0.1:1")),
            Case("proxy of another scheme", t.config(cluster: "proxy-url: ftp://127.0.0.1:1")),
            Case(
                "two clusters of one name",
                t.config().replacing("contexts:", with: "- name: k\n  cluster: {server: 'https://z'}\ncontexts:")),
        ]
    }

    private static func files(_ t: Template) -> [Case] {
        let json = """
            {"current-context":"c","clusters":[{"name":"k","cluster":{"server":"\(t.server)","certificate-authority":"ca.crt"}}],
            \t"contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],"users":[{"name":"u","user":{"token":"abc"}}]}
            """
        return [
            Case("kind and version", t.config(head: "apiVersion: v1\nkind: Config\n")),
            Case("empty kind and version", t.config(head: "apiVersion: ''\nkind: ''\n")),
            Case("another kind", t.config(head: "apiVersion: v1\nkind: Pod\n")),
            Case("the kind's case", t.config(head: "apiVersion: v1\nkind: config\n")),
            Case("another version", t.config(head: "apiVersion: v2\nkind: Config\n")),
            Case(
                "extensions and preferences",
                t.config(head: "extensions: [{name: a, extension: {b: c}}]\npreferences: {colors: true}\n")),
            Case("no current context", t.config(current: "''")),
            Case("a missing context", t.config(current: "z")),
            Case("a number for a namespace", t.config(context: ", namespace: 5")),
            Case("a null namespace", t.config(context: ", namespace: ")),
            Case("a missing cluster", t.config().replacing("cluster: k,", with: "cluster: z,")),
            Case("no cluster", t.config().replacing("cluster: k,", with: "")),
            Case("a number for a name", t.config().replacing("name: u", with: "name: 5")),
            Case("two contexts of one name", t.config().replacing("users:", with: "- name: c\nusers:")),
            Case("JSON", json), Case("JSON with a byte order mark", "\u{FEFF}\(json)"),
            Case("JSON in UTF-16", utf16(json)),
            Case("YAML with a byte order mark", "\u{FEFF}\(t.config())"), Case("YAML in UTF-16", utf16(t.config())),
            Case("UTF-16 without a byte order mark", Array(utf16(t.config()).dropFirst(2))),
            Case("Latin-1", Array(t.config().utf8) + [0x23, 0xE9, 0x0A]), Case("NUL", Array(t.config().utf8) + [0]),
            Case("carriage returns", t.config().replacing("\n", with: "\r\n")),
            Case("a second document", "\(t.config())---\na: b\n"), Case("a directive", "%YAML 1.1\n---\n\(t.config())"),
            Case("an empty document first", "---\n---\n\(t.config())"), Case("no file", ""),
            Case("a scalar", "hello\n"),
            Case("an array", "- a\n"),
            Case("a map for a list", t.config().replacing("users:\n- name: u\n  user:", with: "users:\n  u:")),
            Case("tabs", t.config().replacing("    server", with: "\tserver")),
        ]
    }
}
