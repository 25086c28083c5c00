import WireFormats

/// A user of a kubeconfig.
struct KubeconfigUser {
    private let entry: Kubeconfig.Entry

    init(_ entry: Kubeconfig.Entry) {
        self.entry = entry
    }

    /// Returns the credentials besides a client certificate. Like client-go: a token, else a name and password, else an
    /// exec plugin, which is not run if there is a client certificate.
    func credentials(
        _ cluster: Kubeconfig.Entry, server: String, _ environment: [String: String], _ files: FileReader
    ) throws(ConfigurationError) -> CredentialSource {
        try checkProvider()
        let exec = try entry.member("exec")
        let plugin = try exec.map { exec throws(ConfigurationError) in
            try execPlugin(exec, cluster, server: server, environment, files)
        }
        let name = try entry.text("username")
        let password = try entry.text("password")
        if try entry.text("token") != nil, name != nil || password != nil {
            throw entry.failure(name == nil ? "password" : "username", "and token are both set; remove one of them")
        }
        if let token = try token(files) {
            guard name == nil else {
                throw entry.failure("username", "and tokenFile are both set; remove one of them")
            }
            return token
        }
        if let name { return .basic(user: name, password: SecretString(password ?? "")) }
        let certificate = (file: try entry.text("client-certificate"), data: try entry.text("client-certificate-data"))
        guard let exec, let plugin, certificate.file == nil, certificate.data == nil else { return .none }
        guard try exec.text("interactiveMode") != "Always" else {
            throw exec.failure("interactiveMode", "is Always, but the operator has no terminal to answer prompts")
        }
        return .exec(plugin)
    }

    private func checkProvider() throws(ConfigurationError) {
        guard let provider = try entry.member("auth-provider") else { return }
        guard try provider.text("name") == "oidc" else {
            throw entry.failure(
                "auth-provider",
                "is no longer part of Kubernetes; use the provider's exec plugin or a service account token")
        }
        throw entry.failure(
            "auth-provider", "oidc is not supported; use an exec plugin that logs in, or a service account token")
    }

    /// Returns the source of the token: `tokenFile`, or `token` if that file is absent or cannot be read.
    private func token(_ files: FileReader) throws(ConfigurationError) -> CredentialSource? {
        let token = try entry.text("token").map { CredentialSource.token(SecretString($0)) }
        guard let file = try entry.text("tokenFile") else { return token }
        let path = entry.resolve(file)
        do throws(FileReader.Failure) {
            _ = try CredentialStore.token(at: path, files)
            return .tokenFile(path)
        } catch {
            guard let token else { throw entry.failure("tokenFile", "\(error)") }
            return token
        }
    }

    func impersonation() throws(ConfigurationError) -> Impersonation? {
        let user = try entry.text("as") ?? ""
        let uid = try entry.text("as-uid") ?? ""
        let groups: [String]
        var extra: [String: [String]] = [:]
        do throws(JSONPathError) {
            groups = try strings("as-groups", of: entry.reader)
            if let values = try entry.reader.optional("as-user-extra") {
                for key in try values.object().keys { extra[key] = try strings(key, of: values) }
            }
        } catch {
            throw entry.failure(error)
        }
        guard user.isEmpty else { return Impersonation(user: user, uid: uid, groups: groups, extra: extra) }
        guard uid.isEmpty, groups.isEmpty, extra.isEmpty else {
            throw entry.failure("as", "is required with as-uid, as-groups or as-user-extra")
        }
        return nil
    }

    private func execPlugin(
        _ exec: Kubeconfig.Entry, _ cluster: Kubeconfig.Entry, server: String, _ environment: [String: String],
        _ files: FileReader
    ) throws(ConfigurationError) -> ExecPlugin {
        guard let version = try exec.text("apiVersion"), ExecPlugin.apiVersions.contains(version) else {
            throw exec.failure("apiVersion", "must be one of \(ExecPlugin.apiVersions.joined(separator: ", "))")
        }
        guard let command = try exec.text("command") else { throw exec.failure("command", "is required") }
        switch try exec.text("interactiveMode") {
        case "Never", "IfAvailable", "Always": break
        case nil where version.hasSuffix("/v1beta1"): break
        default: throw exec.failure("interactiveMode", "must be Never or IfAvailable")
        }
        let info = try exec.flag("provideClusterInfo") ? try clusterInfo(cluster, server: server, files) : nil
        do throws(JSONPathError) {
            var all = environment
            for variable in try exec.reader.optional("env")?.elements() ?? [] {
                all[try variable.required("name").nonEmptyString()] = try variable.optional("value")?.string() ?? ""
            }
            return ExecPlugin(
                apiVersion: version,
                command: command.contains("/") ? exec.resolve(command) : command,
                arguments: try strings("args", of: exec.reader),
                environment: all,
                installHint: try exec.reader.optional("installHint")?.string(),
                cluster: info
            )
        } catch {
            throw exec.failure(error)
        }
    }

    /// Returns the plugin's information about the cluster: ExecCredential's `spec.cluster`.
    private func clusterInfo(
        _ cluster: Kubeconfig.Entry, server: String, _ files: FileReader
    ) throws(ConfigurationError) -> JSON {
        var info: [String: JSON] = ["server": .string(server)]
        info["tls-server-name"] = try cluster.text("tls-server-name").map(JSON.string)
        info["proxy-url"] = try cluster.text("proxy-url").map(JSON.string)
        if try cluster.flag("insecure-skip-tls-verify") { info["insecure-skip-tls-verify"] = true }
        info["certificate-authority-data"] = try cluster.bytes("certificate-authority", files)
            .map { .string(Base64.text($0)) }
        let extensions = cluster.reader.value["extensions"]?.arrayValue ?? []
        info["config"] = extensions.first { $0["name"] == "client.authentication.k8s.io/exec" }?["extension"]
        return .object(info)
    }

    /// Returns the elements of a list, in which null is an empty string.
    private func strings(_ field: String, of reader: JSONReader) throws(JSONPathError) -> [String] {
        try (reader.optional(field)?.elements() ?? []).map { element throws(JSONPathError) in
            element.value.isNull ? "" : try element.string()
        }
    }
}
