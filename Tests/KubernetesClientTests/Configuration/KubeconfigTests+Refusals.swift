import Testing
import WireFormats

@testable import KubernetesClient

/// Refused kubeconfigs and their messages.
extension KubeconfigTests {
    @Test("a missing kubeconfig is reported with the searched path and the fix")
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

    @Test("an invalid kubeconfig is reported with its line and without its content")
    func syntax() throws {
        let line = try failure("users:\n- name: me\n  user: {token: s3cret\n")
        #expect(line.hasPrefix("kubeconfig /home/me/.kube/config: is not valid YAML: line "))
        #expect(!line.contains("s3cret"))
        #expect(try failure("- a\n- b").contains("must be an object"))
        #expect(try failure("clusters: 7").contains("clusters: must be an array"))
        #expect(try failure("kind: Pod").contains("kind: must be Config; is this a kubeconfig?"))
        #expect(try failure("apiVersion: v2").contains("apiVersion: must be v1"))
        #expect(try failure("kind: ''\napiVersion: ''\n").contains("current-context is not set"))
        #expect(try failure("current-context: ''").contains("current-context is not set"))
        #expect(try failure("a: 1\na: 2").contains("repeated keys"))
        #expect(try failure("").contains("current-context is not set"))
    }

    @Test("a kubeconfig with exponentially growing aliases is refused")
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
        "each invalid field of a kubeconfig is reported with the fix",
        arguments: [
            BadField(server: "10.0.0.1:6443/x", field: "clusters[0].cluster.server", says: "to have a path"),
            BadField(
                server: "ftp://h", field: "clusters[0].cluster.server", says: "must start with https:// or http://"),
            BadField(server: "//h", field: "clusters[0].cluster.server", says: "must start with https://"),
            BadField(server: "' https://h'", field: "clusters[0].cluster.server", says: "without blanks"),
            BadField(server: "'https://h '", field: "clusters[0].cluster.server", says: "without blanks"),
            BadField(server: "https://", field: "clusters[0].cluster.server", says: "must have a host"),
            BadField(server: "https://h:99999", field: "clusters[0].cluster.server", says: "a port from 1 to 65535"),
            BadField(server: "https://h%2Ex", field: "clusters[0].cluster.server", says: "without percent signs"),
            BadField(server: "''", field: "clusters[0].cluster.server", says: "is required"),
            BadField(
                cluster: "proxy-url: ftp://proxy", field: "clusters[0].cluster.proxy-url",
                says: "must be a URL that starts"),
            BadField(
                cluster: "proxy-url: proxy:3128", field: "clusters[0].cluster.proxy-url",
                says: "must be a URL that starts"),
            BadField(
                cluster: "certificate-authority-data: Q0E=\n    certificate-authority: ca.crt",
                field: "clusters[0].cluster.certificate-authority", says: "certificate-authority-data are both set"),
            BadField(
                cluster: "certificate-authority-data: 'Q0 E='", field: "clusters[0].cluster.certificate-authority-data",
                says: "is not base64"),
            BadField(
                cluster: "insecure-skip-tls-verify: 'true'", field: "clusters[0].cluster.insecure-skip-tls-verify",
                says: "must be true or false"),
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
            BadField(
                user: "client-certificate: a, client-certificate-data: Q0E=, client-key-data: Q0E=",
                field: "users[0].user.client-certificate", says: "client-certificate-data are both set"),
            BadField(user: "token: a, password: b", field: "users[0].user.password", says: "token are both set"),
            BadField(context: ", namespace: 5", field: "contexts[0].context.namespace", says: "must be a string"),
            BadField(user: "token: 12", field: "users[0].user.token", says: "must be a string, not a number"),
            BadField(user: "tokenFile: gone", field: "users[0].user.tokenFile", says: "No such file"),
            BadField(user: "token: a, username: b", field: "users[0].user.username", says: "token are both set"),
            BadField(user: "token: a, as-groups: [x]", field: "users[0].user.as", says: "is required with as-uid"),
            BadField(
                user: "auth-provider: {name: oidc}", field: "users[0].user.auth-provider", says: "oidc is not supported"
            ),
            BadField(
                user:
                    "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Never, env: [{value: x}]}",
                field: "users[0].user.exec.env[0].name", says: "is required"),
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
                field: "users[0].user.exec.interactiveMode", says: "no terminal to answer"),
            BadField(
                user: "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: x, args: [{}]}",
                field: "users[0].user.exec.args[0]", says: "must be a string"),
        ])
    func badFields(_ bad: BadField) throws {
        let line = try failure(config(cluster: bad.cluster, user: bad.user, context: bad.context, server: bad.server))
        #expect(line.hasPrefix("kubeconfig /home/me/.kube/config: \(bad.field): "), "\(line)")
        #expect(line.contains(bad.says), "\(line)")
    }

    @Test("unknown names in a kubeconfig are reported with the known names")
    func danglingNames() throws {
        #expect(try failure(config(), context: "x").contains(#"there is no context "x"; known: ctx; pass --context"#))
        let text = "current-context: c\ncontexts: [{name: c, context: {cluster: a, user: b}}]\n"
        #expect(
            try failure(text).contains(#"contexts[0].context.cluster: names "a", which does not exist; known: none"#))
    }

    @Test(
        "a name that two entries of a kubeconfig share is refused, even if they are unused",
        arguments: [
            "users: [{name: me}, {name: me}]", "clusters: [{name: a}, {name: b}, {name: a}]",
            "contexts: [{name: x}, {name: x}]",
        ])
    func repeatedNames(section: String) throws {
        let line = try failure(section)
        let name = section.prefix { $0 != ":" }
        #expect(line.contains("\(name)[") && line.contains("of another of the \(name); remove one of them"), "\(line)")
    }

    @Test(
        "a kubeconfig field of the wrong type is refused, even if it is unused",
        arguments: [
            ("users: [{name: z, user: 5}]", "users[0].user: must be an object"),
            ("users: [{name: z, user: {token: 5}}]", "users[0].user.token: must be a string"),
            ("users: [{name: 5}]", "users[0].name: must be a string"),
            (
                "clusters: [{name: z, cluster: {certificate-authority-data: '%'}}]",
                "certificate-authority-data: is not base64"
            ),
            ("clusters: {a: b}", "clusters: must be an array"),
            ("extensions: [{name: 5}]", "extensions[0].name: must be a string"),
        ])
    func unusedFields(text: String, says: String) throws {
        #expect(try failure(text).contains(says))
    }
}
