import FoundationEssentials
import HTTPTransport
import Testing
import WireFormats

@testable import KubernetesClient

@Suite("Kubeconfig")
struct KubeconfigTests {
    private static let path = "/home/me/.kube/config"

    /// A kubeconfig with one cluster, one user and one context.
    private func config(
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

    private func load(
        _ text: String, more files: [String: String] = [:], context: String? = nil,
        environment: [String: String] = ["HOME": "/home/me"], path: String? = nil
    ) throws -> ClusterConfiguration {
        let files = files.merging([Self.path: text]) { $1 }
        return try ClusterConfiguration.kubeconfig(
            path: path, context: context, environment: environment, files: .memory(files))
    }

    private func failure(
        _ text: String, more files: [String: String] = [:], context: String? = nil
    ) throws -> String {
        let error = #expect(throws: ConfigurationError.self) { try load(text, more: files, context: context) }
        let line = try #require(error).description
        #expect(!line.contains("\n"))
        return line
    }

    private func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    // MARK: Clusters

    @Test("the current context says cluster, user and namespace")
    func currentContext() throws {
        let loaded = try load(config(context: ", namespace: shop", server: "https://10.0.0.1:6443/k8s/"))
        #expect(loaded.server == "https://10.0.0.1:6443/k8s")
        #expect(loaded.defaultNamespace == "shop")
        #expect(loaded.tls == TLSOptions())
        #expect(try load(config()).defaultNamespace == "default")
    }

    @Test("certificates come inline or from files beside the kubeconfig, inline first")
    func certificates() throws {
        let inline = try load(
            config(
                cluster: "certificate-authority-data: \(base64("CA"))",
                user: "client-certificate-data: \(base64("CERT")), client-key-data: \(base64("KEY")), "
                    + "client-key: missing.key"))
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

    // MARK: Users

    @Test("each way to prove who one is")
    func credentials() throws {
        #expect(try load(config()).credentials.revealed == "none")
        #expect(try load(config(user: "token: abc")).credentials.revealed == "token abc")
        #expect(try load(config(user: "username: me, password: pw")).credentials.revealed == "basic me:pw")
    }

    @Test("a token file goes before a token, and starts from the kubeconfig's directory")
    func tokenFile() throws {
        let loaded = try load(
            config(user: "token: abc, tokenFile: run/token"), more: ["/home/me/.kube/run/token": "xyz\n"])
        #expect(loaded.credentials.revealed == "tokenFile /home/me/.kube/run/token")
    }

    @Test("an exec plugin has the process's environment, the kubeconfig's additions and the cluster if wanted")
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

    @Test("of several files, the first that has an entry wins; missing files are passed over")
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

    @Test("another context than the current one, and an explicit file")
    func explicit() throws {
        let text = config(current: "gone")
        #expect(try load(text, context: "ctx").server == "https://10.0.0.1:6443")
        #expect(try load("", more: ["/x": config()], environment: [:], path: "/x").server == "https://10.0.0.1:6443")
    }

    // MARK: Errors

    @Test("no kubeconfig at all")
    func nothing() {
        let none = #expect(throws: ConfigurationError.self) {
            try ClusterConfiguration.kubeconfig(
                path: nil, context: nil, environment: ["HOME": "/home/me"], files: .memory([:]))
        }
        #expect(
            none?.description
                == "no kubeconfig: there is no /home/me/.kube/config; pass --kubeconfig FILE or set KUBECONFIG")
        let homeless = #expect(throws: ConfigurationError.self) {
            try ClusterConfiguration.kubeconfig(path: nil, context: nil, environment: [:], files: .memory([:]))
        }
        #expect(homeless?.description.contains("--kubeconfig FILE") == true)
        let explicit = #expect(throws: ConfigurationError.self) {
            try ClusterConfiguration.kubeconfig(path: "/x", context: nil, environment: [:], files: .memory([:]))
        }
        #expect(explicit?.description == "kubeconfig /x: No such file or directory")
    }

    @Test("a text that is no kubeconfig is told with its line and without its content")
    func syntax() throws {
        let line = try failure("users:\n- name: me\n  user: {token: s3cret\n")
        #expect(line.hasPrefix("kubeconfig /home/me/.kube/config: is not valid YAML: line "))
        #expect(!line.contains("s3cret"))
        #expect(try failure("- a\n- b").contains("must be an object"))
        #expect(try failure("clusters: 7").contains("clusters: must be an array"))
        #expect(try failure("clusters: [{cluster: {}}]").contains("clusters[0].name: is required"))
        #expect(try failure("a: 1\na: 2").contains("repeated keys"))
        #expect(try failure("").contains("current-context is not set"))
    }

    @Test("an alias bomb is refused")
    func aliasBomb() throws {
        let bomb = (1...9).reduce("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n") { text, level in
            let uses = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",")
            return text + "a\(level): &a\(level) [\(uses)]\n"
        }
        #expect(try failure(bomb).contains("has too many values"))
    }

    struct BadField: Sendable {
        var cluster = ""
        var user = ""
        var context = ""
        var server = "https://10.0.0.1:6443"
        let field: String
        let says: String
    }

    @Test(
        "each bad field is named, with what to do",
        arguments: [
            BadField(server: "10.0.0.1:6443", field: "clusters[0].cluster.server", says: "must start with https://"),
            BadField(server: "''", field: "clusters[0].cluster.server", says: "is required"),
            BadField(
                cluster: "proxy-url: http://proxy:3128", field: "clusters[0].cluster.proxy-url", says: "HTTPS_PROXY"),
            BadField(
                cluster: "certificate-authority: no.crt", field: "clusters[0].cluster.certificate-authority",
                says: "/home/me/.kube/no.crt: No such file"),
            BadField(
                cluster: "certificate-authority-data: '%%'", field: "clusters[0].cluster.certificate-authority-data",
                says: "is not base64"),
            BadField(
                cluster: "certificate-authority-data: Q0E=\n    insecure-skip-tls-verify: true",
                field: "clusters[0].cluster.insecure-skip-tls-verify", says: "cannot be combined"),
            BadField(user: "client-certificate-data: Q0E=", field: "users[0].user.client-key", says: "is required"),
            BadField(user: "client-key-data: Q0E=", field: "users[0].user.client-certificate", says: "is required"),
            BadField(user: "token: 12", field: "users[0].user.token", says: "must be a string, not a number"),
            BadField(user: "tokenFile: gone", field: "users[0].user.tokenFile", says: "No such file"),
            BadField(user: "token: a, username: b", field: "users[0].user.username", says: "token are both set"),
            BadField(user: "token: a, as: boss", field: "users[0].user.as", says: "impersonation"),
            BadField(
                user: "auth-provider: {name: gcp}", field: "users[0].user.auth-provider", says: "exec plugin"),
            BadField(
                user: "exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}",
                field: "users[0].user.exec.apiVersion", says: "must be one of client.authentication.k8s.io/v1"),
            BadField(
                user: "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}",
                field: "users[0].user.exec.command", says: "is required"),
            BadField(
                user: "exec: {apiVersion: client.authentication.k8s.io/v1, command: x}",
                field: "users[0].user.exec.interactiveMode", says: "must be Never or IfAvailable"),
            BadField(
                user: "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}",
                field: "users[0].user.exec.interactiveMode", says: "nobody can answer"),
            BadField(
                user: "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: x, args: [{}]}",
                field: "users[0].user.exec.args[0]", says: "must be a string"),
        ])
    func badFields(_ bad: BadField) throws {
        let line = try failure(config(cluster: bad.cluster, user: bad.user, context: bad.context, server: bad.server))
        #expect(line.hasPrefix("kubeconfig /home/me/.kube/config: \(bad.field): "), "\(line)")
        #expect(line.contains(bad.says), "\(line)")
    }

    @Test("names that lead nowhere are told with the names that do")
    func danglingNames() throws {
        #expect(try failure(config(), context: "x").contains(#"there is no context "x"; known: ctx; pass --context"#))
        let text = "current-context: c\ncontexts: [{name: c, context: {cluster: a, user: b}}]\n"
        #expect(
            try failure(text).contains(#"contexts[0].context.cluster: names "a", which is not there; known: none"#))
        #expect(
            try failure(text + "clusters: [{name: a, cluster: {server: 'https://x'}}]")
                .contains(#"contexts[0].context.user: names "b", which is not there; known: none"#))
    }

    // MARK: In a cluster

    private let serviceAccount = ["/sa/token": "t0k\n", "/sa/ca.crt": "CA", "/sa/namespace": "ops\n"]

    @Test(
        "a pod finds its API server and its service account",
        arguments: [("10.96.0.1", "https://10.96.0.1:443"), ("fd00::1", "https://[fd00::1]:443")])
    func inCluster(host: String, server: String) throws {
        let loaded = try ClusterConfiguration.inCluster(
            environment: ["KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "443"], directory: "/sa",
            files: .memory(serviceAccount))
        #expect(loaded.server == server)
        #expect(loaded.tls.certificateAuthorities == Array("CA".utf8))
        #expect(loaded.defaultNamespace == "ops")
        #expect(loaded.credentials.revealed == "tokenFile /sa/token")
    }

    @Test("outside a pod, or in one without a service account, the error says what to do")
    func notInCluster() {
        let outside = #expect(throws: ConfigurationError.self) {
            try ClusterConfiguration.inCluster(environment: [:], directory: "/sa", files: .memory(serviceAccount))
        }
        #expect(outside?.description.contains("--kubeconfig FILE") == true)
        for missing in ["/sa/token", "/sa/ca.crt"] {
            var files = serviceAccount
            files[missing] = nil
            let error = #expect(throws: ConfigurationError.self) {
                try ClusterConfiguration.inCluster(
                    environment: ["KUBERNETES_SERVICE_HOST": "h", "KUBERNETES_SERVICE_PORT": "1"], directory: "/sa",
                    files: .memory(files))
            }
            #expect(error?.description.hasPrefix("service account: \(missing): No such file") == true)
            #expect(error?.description.contains("automountServiceAccountToken") == true)
        }
    }
}

extension CredentialSource {
    fileprivate var revealed: String {
        switch self {
        case .none: "none"
        case .token(let token): "token \(token.revealed)"
        case .tokenFile(let path): "tokenFile \(path)"
        case .basic(let user, let password): "basic \(user):\(password.revealed)"
        case .exec(let plugin): "exec \(plugin.command)"
        }
    }

    fileprivate var plugin: ExecPlugin? {
        guard case .exec(let plugin) = self else { return nil }
        return plugin
    }
}
