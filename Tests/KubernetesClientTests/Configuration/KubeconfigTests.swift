import FoundationEssentials
import HTTPTransport
import Testing
import WireFormats

@testable import KubernetesClient

@Suite("Kubeconfig")
struct KubeconfigTests {
    private static let path = "/home/me/.kube/config"

    /// Returns a kubeconfig with one cluster, one user and one context.
    func config(
        cluster: String = "", user: String = "", context: String = "", current: String = "ctx",
        server: String = "https://10.0.0.1:6443"
    ) -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: \(current)
        clusters:
        - name: prod
          cluster:
            server: \(server)
            \(cluster)
        users:
        - name: me
          user: {\(user)}
        contexts:
        - name: ctx
          context: {cluster: prod, user: me\(context)}
        """
    }

    func load(
        _ text: String, more files: [String: String] = [:], context: String? = nil,
        environment: [String: String] = ["HOME": "/home/me"], path: String? = nil
    ) throws -> ClusterConfiguration {
        let files = files.merging([Self.path: text]) { $1 }
        return try ClusterConfiguration.kubeconfig(
            path: path, context: context, environment: environment, files: .memory(files))
    }

    func failure(
        _ text: String, more files: [String: String] = [:], context: String? = nil
    ) throws -> String {
        let error = #expect(throws: ConfigurationError.self) { try load(text, more: files, context: context) }
        let line = try #require(error).description
        #expect(!line.contains("\n"))
        return line
    }

    func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    // MARK: Clusters

    @Test("the current context determines server, user and namespace")
    func currentContext() throws {
        let loaded = try load(config(context: ", namespace: shop", server: "https://10.0.0.1:6443/k8s/"))
        #expect(loaded.server == "https://10.0.0.1:6443/k8s")
        #expect(loaded.defaultNamespace == "shop")
        #expect(loaded.tls == TLSOptions())
        #expect(try load(config()).defaultNamespace == "default")
    }

    @Test("certificates are read inline or from files next to the kubeconfig")
    func certificates() throws {
        let inline = try load(
            config(
                cluster: "certificate-authority-data: \(base64("CA"))",
                user: "client-certificate-data: \"\(base64("CERT"))\\n\", client-key-data: \(base64("KEY"))"))
        #expect(inline.tls.certificateAuthorities == Array("CA".utf8))
        #expect(inline.tls.clientCertificate == Array("CERT".utf8))
        #expect(inline.tls.clientKey == Array("KEY".utf8))

        let files = try load(
            config(
                cluster: "certificate-authority: pki/ca.crt\n    tls-server-name: kubernetes",
                user: "client-certificate: /etc/me.crt, client-key: ../me.key"),
            more: [
                "/home/me/.kube/pki/ca.crt": "CA2", "/etc/me.crt": "CERT2", "/home/me/.kube/../me.key": "KEY2",
            ])
        #expect(files.tls.certificateAuthorities == Array("CA2".utf8))
        #expect(files.tls.clientCertificate == Array("CERT2".utf8))
        #expect(files.tls.clientKey == Array("KEY2".utf8))
        #expect(files.tls.serverName == "kubernetes")
        #expect(try load(config(cluster: "insecure-skip-tls-verify: true")).tls.skipsVerification)
    }

    @Test(
        "a server's address is parsed as in client-go",
        arguments: [
            ("https://10.0.0.1:6443/k8s/", "https://10.0.0.1:6443/k8s"),
            ("HTTPS://Api.Example:6443", "https://Api.Example:6443"),
            ("hTTp://h", "http://h"), ("10.0.0.1:8080", "http://10.0.0.1:8080"), ("localhost", "http://localhost"),
            ("localhost:8080/", "http://localhost:8080"), ("https://h/a//b//", "https://h/a/b"),
            ("https://h/?a=b", "https://h"), ("https://h/x/#a?b", "https://h/x"), ("https://h:6443#", "https://h:6443"),
            ("https://h?a=b", "https://h"), ("https://[fd00::1]:6443/x", "https://[fd00::1]:6443/x"),
            ("https://[fd00::1]", "https://[fd00::1]"),
        ])
    func servers(address: String, server: String) throws {
        let loaded = try load(config(server: "'\(address)'"))
        #expect(loaded.server == server)
        #expect(loaded.credentials.revealed == "none")
    }

    @Test("a name and password in a server's address override other credentials and are removed from the address")
    func serverUser() throws {
        let loaded = try load(config(server: "https://me:p%40w@10.0.0.1:6443/x"))
        #expect(loaded.server == "https://10.0.0.1:6443/x")
        #expect(loaded.credentials.revealed == "basic me:p@w")
        #expect(try load(config(user: "token: abc", server: "https://me@h")).credentials.revealed == "basic me:")
    }

    @Test(
        "a kubeconfig's proxy is used regardless of the environment, and its URL is not printed",
        arguments: [
            ("http://me:pw@proxy:3128", "http://me:pw@proxy:3128"), ("HTTPS://proxy", "https://proxy"),
            ("socks5://127.0.0.1:1080", "socks5h://127.0.0.1:1080"),
        ])
    func proxy(url: String, used: String) throws {
        let loaded = try load(config(cluster: "proxy-url: \(url)"))
        #expect(loaded.proxy?.revealed == used)
        #expect(!"\(loaded)".contains("pw"))
        #expect(try load(config(cluster: "proxy-url: ''")).proxy == nil)
    }

    // MARK: Users

    @Test(
        "an empty or missing user has no credentials",
        arguments: [
            "users: [{name: me, user: }]", "users: [{name: me}]", "users: [{name: me, user: {}}]", "users:",
            "users: [null]", "",
        ])
    func emptyUser(users: String) throws {
        let text = """
            current-context: ctx
            clusters: [{name: prod, cluster: {server: "https://h"}}]
            contexts: [{name: ctx, context: {cluster: prod, user: me}}]
            \(users)
            """
        #expect(try load(text).credentials.revealed == "none")
    }

    struct Precedence: Sendable {
        let user: String
        let wins: String
    }

    private static let exec =
        "exec: {apiVersion: client.authentication.k8s.io/v1, command: login, interactiveMode: Never}"

    @Test(
        "a user with several credentials gets the one that client-go prefers",
        arguments: [
            Precedence(user: "token: abc, \(exec)", wins: "token abc"),
            Precedence(user: "tokenFile: tok, \(exec)", wins: "tokenFile /home/me/.kube/tok"),
            Precedence(user: "tokenFile: tok, token: abc", wins: "tokenFile /home/me/.kube/tok"),
            Precedence(user: "tokenFile: none, token: abc", wins: "token abc"),
            Precedence(user: "tokenFile: empty, token: abc", wins: "token abc"),
            Precedence(user: "tokenFile: '', token: abc", wins: "token abc"),
            Precedence(user: "username: me, password: pw, \(exec)", wins: "basic me:pw"),
            Precedence(user: "password: pw, \(exec)", wins: "exec login"),
            Precedence(user: "password: pw", wins: "none"),
            Precedence(user: "password: pw, tokenFile: tok", wins: "tokenFile /home/me/.kube/tok"),
            Precedence(user: "token: '', \(exec)", wins: "exec login"),
            Precedence(user: "client-key-data: Q0E=, \(exec)", wins: "exec login"),
            Precedence(user: "client-certificate-data: Q0E=, client-key-data: Q0E=, \(exec)", wins: "none"),
            Precedence(user: "client-certificate-data: Q0E=, client-key-data: Q0E=, token: abc", wins: "token abc"),
            Precedence(user: "token: abc, exec: , auth-provider: ", wins: "token abc"),
            Precedence(
                user: "token: abc, \(exec.replacing("Never", with: "Always"))", wins: "token abc"),
        ])
    func precedence(_ case: Precedence) throws {
        let files = ["/home/me/.kube/tok": "\u{FEFF}t0k\n", "/home/me/.kube/empty": ""]
        #expect(try load(config(user: `case`.user), more: files).credentials.revealed == `case`.wins)
    }

    @Test("impersonation is read from a kubeconfig, and its empty fields are ignored")
    func impersonation() throws {
        let user = "token: abc, as: boss, as-uid: '7', as-groups: [a, b], as-user-extra: {'x/y': [v, w]}"
        let loaded = try load(config(user: user))
        #expect(
            loaded.impersonation?.headers.map { "\($0.name): \($0.value)" } == [
                "Impersonate-User: boss", "Impersonate-Uid: 7", "Impersonate-Group: a", "Impersonate-Group: b",
                "Impersonate-Extra-x%2Fy: v", "Impersonate-Extra-x%2Fy: w",
            ])
        for none in ["as: ''", "as: ", "as-groups: []", "as-groups: ", "as-user-extra: {}", "as-uid: ''"] {
            #expect(try load(config(user: "token: abc, \(none)")).impersonation == nil)
        }
    }

    @Test("each kind of credential is read from a kubeconfig")
    func credentials() throws {
        #expect(try load(config()).credentials.revealed == "none")
        #expect(try load(config(user: "token: abc")).credentials.revealed == "token abc")
        #expect(try load(config(user: "username: me, password: pw")).credentials.revealed == "basic me:pw")
    }

    @Test("a token file takes precedence over a token, and its path is relative to the kubeconfig")
    func tokenFile() throws {
        let loaded = try load(
            config(user: "token: abc, tokenFile: run/token"), more: ["/home/me/.kube/run/token": "xyz\n"])
        #expect(loaded.credentials.revealed == "tokenFile /home/me/.kube/run/token")
    }

    @Test("an exec plugin gets the process's environment, the kubeconfig's additions and the cluster if requested")
    func execPlugin() throws {
        let exec = """
            exec: {apiVersion: client.authentication.k8s.io/v1, command: bin/login, args: [a, "1"], \
            env: [{name: REGION, value: north}], installHint: "get it from example.com", \
            interactiveMode: IfAvailable, provideClusterInfo: true}
            """
        let cluster = """
            certificate-authority-data: \(base64("CA"))
                extensions:
                - name: client.authentication.k8s.io/exec
                  extension: {audience: me}
            """
        let loaded = try load(
            config(cluster: cluster, user: exec),
            environment: ["HOME": "/home/me", "PATH": "/bin"])
        let plugin = try #require(loaded.credentials.plugin)
        #expect(plugin.command == "/home/me/.kube/bin/login")
        #expect(plugin.arguments == ["a", "1"])
        #expect(plugin.environment == ["HOME": "/home/me", "PATH": "/bin", "REGION": "north"])
        #expect(plugin.installHint == "get it from example.com")
        #expect(
            plugin.cluster == [
                "server": "https://10.0.0.1:6443", "certificate-authority-data": .string(base64("CA")),
                "config": ["audience": "me"],
            ])
    }

    // MARK: Files

    @Test("an entry is taken from the first kubeconfig that has it, and missing files are skipped")
    func merging() throws {
        let first = """
            current-context: ctx
            contexts: [{name: ctx, context: {cluster: prod, user: me}}]
            users: [{name: me, user: {token: first}}]
            """
        let second = config(user: "token: second", current: "other")
        let loaded = try load(
            "", more: ["/a": first, "/dir/b": second], environment: ["KUBECONFIG": "/nowhere:/a::/dir/b"])
        #expect(loaded.server == "https://10.0.0.1:6443")
        #expect(loaded.credentials.revealed == "token first")
    }

    @Test("an entry of the first kubeconfig is used as a whole, even if it is empty")
    func mergingWholeEntries() throws {
        let first = "users: [{name: me}]\nclusters: [{name: prod, cluster: {server: 'https://first'}}]\n"
        let loaded = try load(
            "", more: ["/a": first, "/b": config(cluster: "tls-server-name: x", user: "token: second")],
            environment: ["KUBECONFIG": "/a:/b"])
        #expect(loaded.server == "https://first")
        #expect(loaded.tls.serverName == nil)
        #expect(loaded.credentials.revealed == "none")
    }

    @Test("a kubeconfig may be YAML or JSON, with a byte order mark, in UTF-8 or UTF-16, and have merge keys")
    func encodings() throws {
        let json = """
            {"current-context":"c","clusters":[{"name":"k","cluster":{"server":"https://h"}}],
            \t"contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],"users":[{"name":"u","user":{"token":"abc"}}]}
            """
        let yaml = config(user: "<<: {token: abc}")
        func utf16(_ text: String) -> [UInt8] {
            "\u{FEFF}\(text)".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        }
        for text in [json, yaml, "---\n\(yaml)", "%YAML 1.1\n---\n\(yaml)", "\(yaml)\n---\nother: document\n"] {
            for bytes in [Array(text.utf8), Array("\u{FEFF}\(text)".utf8), utf16(text)] {
                let files = FileReader { _ throws(FileReader.Failure) in bytes }
                let loaded = try ClusterConfiguration.kubeconfig(
                    path: "/x", context: nil, environment: [:], files: files)
                #expect(loaded.credentials.revealed == "token abc")
            }
        }
    }

    @Test("a context other than the current one, and an explicit file, can be selected")
    func explicit() throws {
        let text = config(current: "gone")
        #expect(try load(config(), context: "").server == "https://10.0.0.1:6443")
        #expect(try load(text, context: "ctx").server == "https://10.0.0.1:6443")
        #expect(try load("", more: ["/x": config()], environment: [:], path: "/x").server == "https://10.0.0.1:6443")
    }
}

extension CredentialSource {
    var revealed: String {
        switch self {
        case .none: "none"
        case .token(let token): "token \(token.revealed)"
        case .tokenFile(let path): "tokenFile \(path)"
        case .basic(let user, let password): "basic \(user):\(password.revealed)"
        case .exec(let plugin): "exec \(plugin.command)"
        }
    }

    var plugin: ExecPlugin? {
        guard case .exec(let plugin) = self else { return nil }
        return plugin
    }
}
