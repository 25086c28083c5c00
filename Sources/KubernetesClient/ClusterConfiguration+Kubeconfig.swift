import FoundationEssentials
import HTTPTransport
import WireFormats

extension ClusterConfiguration {
    /// How a kubeconfig says to reach a cluster.
    ///
    /// - Parameters:
    ///   - path: the file; nil for the list in `KUBECONFIG`, else `$HOME/.kube/config`.
    ///   - context: nil for the file's current context.
    ///   - environment: the process's own; credential plugins inherit it.
    package static func kubeconfig(
        path: String?,
        context: String?,
        environment: [String: String],
        files: FileReader = .system
    ) throws(ConfigurationError) -> ClusterConfiguration {
        let config = try Kubeconfig.load(path: path, environment: environment, files: files)
        let read = config.files.joined(separator: ":")
        guard let name = context ?? config.currentContext else {
            throw ConfigurationError("kubeconfig \(read): current-context is not set; pass --context NAME")
        }
        guard let context = config.entry(.contexts, name) else {
            throw ConfigurationError(
                "kubeconfig \(read): there is no context \"\(name)\"; "
                    + "known: \(list(config.names(.contexts))); pass --context NAME")
        }
        guard let clusterName = try context.text("cluster") else {
            throw context.failure("cluster", "is required")
        }
        guard let cluster = config.entry(.clusters, clusterName) else {
            throw context.failure(
                "cluster", "names \"\(clusterName)\", which is not there; known: \(list(config.names(.clusters)))")
        }
        var user: Kubeconfig.Entry?
        if let userName = try context.text("user") {
            guard let entry = config.entry(.users, userName) else {
                throw context.failure(
                    "user", "names \"\(userName)\", which is not there; known: \(list(config.names(.users)))")
            }
            user = entry
        }
        return ClusterConfiguration(
            server: try server(cluster),
            tls: try tls(cluster, user, files),
            credentials: try user.map { entry throws(ConfigurationError) in
                try credentials(entry, cluster, environment, files)
            } ?? .none,
            defaultNamespace: try context.text("namespace") ?? "default"
        )
    }

    /// The kubeconfigs that are read for these arguments, and the keys, certificates and tokens that their users name;
    /// nothing where there is no kubeconfig.
    package static func credentialFiles(
        path: String?, environment: [String: String], files: FileReader = .system
    ) -> [String] {
        guard let config = try? Kubeconfig.load(path: path, environment: environment, files: files) else {
            return path.map { [$0] } ?? []
        }
        let named = config.names(.users).compactMap { config.entry(.users, $0) }.flatMap { user in
            ["client-key", "client-certificate", "tokenFile"].compactMap { field in
                (try? user.text(field)).flatMap { $0 }.map(user.resolve)
            }
        }
        return config.files + named
    }

    private static func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }

    // MARK: Cluster

    private static func server(_ cluster: Kubeconfig.Entry) throws(ConfigurationError) -> String {
        guard var server = try cluster.text("server") else { throw cluster.failure("server", "is required") }
        guard server.hasPrefix("https://") || server.hasPrefix("http://") else {
            throw cluster.failure("server", "must start with https:// or http://")
        }
        if try cluster.text("proxy-url") != nil {
            throw cluster.failure(
                "proxy-url", "is not supported; remove it and set HTTPS_PROXY in the environment instead")
        }
        while server.hasSuffix("/") { server.removeLast() }
        return server
    }

    private static func tls(
        _ cluster: Kubeconfig.Entry, _ user: Kubeconfig.Entry?, _ files: FileReader
    ) throws(ConfigurationError) -> TLSOptions {
        var tls = TLSOptions(
            certificateAuthorities: try bytes(cluster, "certificate-authority", files),
            serverName: try cluster.text("tls-server-name"),
            skipsVerification: try cluster.flag("insecure-skip-tls-verify")
        )
        if tls.skipsVerification, tls.certificateAuthorities != nil {
            throw cluster.failure("insecure-skip-tls-verify", "cannot be combined with a certificate authority")
        }
        guard let user else { return tls }
        tls.clientCertificate = try bytes(user, "client-certificate", files)
        tls.clientKey = try bytes(user, "client-key", files)
        if tls.clientCertificate != nil, tls.clientKey == nil {
            throw user.failure("client-key", "is required with a client certificate; so is client-key-data instead")
        }
        if tls.clientKey != nil, tls.clientCertificate == nil {
            throw user.failure("client-certificate", "is required with a client key")
        }
        return tls
    }

    /// The content of `FIELD-data`, else of the file that `FIELD` names.
    private static func bytes(
        _ entry: Kubeconfig.Entry, _ field: String, _ files: FileReader
    ) throws(ConfigurationError) -> [UInt8]? {
        if let encoded = try entry.text("\(field)-data") {
            guard let data = Data(base64Encoded: encoded.filter { !$0.isWhitespace }), !data.isEmpty else {
                throw entry.failure("\(field)-data", "is not base64")
            }
            return Array(data)
        }
        guard let path = try entry.text(field) else { return nil }
        do throws(FileReader.Failure) {
            return try files.read(entry.resolve(path))
        } catch {
            throw entry.failure(field, "\(error)")
        }
    }

    // MARK: User

    private static func credentials(
        _ user: Kubeconfig.Entry, _ cluster: Kubeconfig.Entry, _ environment: [String: String], _ files: FileReader
    ) throws(ConfigurationError) -> CredentialSource {
        if try user.member("auth-provider") != nil {
            throw user.failure(
                "auth-provider",
                "is no longer part of Kubernetes; use the provider's exec plugin or a service account token")
        }
        for field in ["as", "as-uid", "as-groups", "as-user-extra"] where user.reader.value[field] != nil {
            throw user.failure(field, "is not supported: impersonation is for people; use a user of its own")
        }
        var sources: [(field: String, source: CredentialSource)] = []
        if let file = try user.text("tokenFile") {
            let path = user.resolve(file)
            do throws(FileReader.Failure) {
                _ = try CredentialStore.token(at: path, files)
            } catch {
                throw user.failure("tokenFile", "\(error)")
            }
            sources.append(("tokenFile", .tokenFile(path)))
        } else if let token = try user.text("token") {
            sources.append(("token", .token(SecretString(token))))
        }
        if let name = try user.text("username") {
            let password = try user.text("password") ?? ""
            sources.append(("username", .basic(user: name, password: SecretString(password))))
        }
        if let exec = try user.member("exec") {
            sources.append(("exec", .exec(try execPlugin(exec, cluster, environment, files))))
        }
        guard sources.count < 2 else {
            throw user.failure(sources[1].field, "and \(sources[0].field) are both set; only one may be")
        }
        return sources.first?.source ?? .none
    }

    private static func execPlugin(
        _ exec: Kubeconfig.Entry, _ cluster: Kubeconfig.Entry, _ environment: [String: String], _ files: FileReader
    ) throws(ConfigurationError) -> ExecPlugin {
        guard let version = try exec.text("apiVersion"), ExecPlugin.apiVersions.contains(version) else {
            throw exec.failure("apiVersion", "must be one of \(ExecPlugin.apiVersions.joined(separator: ", "))")
        }
        guard let command = try exec.text("command") else { throw exec.failure("command", "is required") }
        switch try exec.text("interactiveMode") {
        case "Never", "IfAvailable": break
        case nil where version.hasSuffix("/v1beta1"): break
        case "Always":
            throw exec.failure("interactiveMode", "is Always, but nobody can answer a program that runs on its own")
        default: throw exec.failure("interactiveMode", "must be Never or IfAvailable")
        }
        let info = try exec.flag("provideClusterInfo") ? try clusterInfo(cluster, files) : nil
        do throws(JSONPathError) {
            var all = environment
            for variable in try exec.reader.optional("env")?.elements() ?? [] {
                all[try variable.required("name").nonEmptyString()] = try variable.optional("value")?.string() ?? ""
            }
            let arguments = try exec.reader.optional("args")?.elements() ?? []
            return ExecPlugin(
                apiVersion: version,
                command: command.contains("/") ? exec.resolve(command) : command,
                arguments: try arguments.map { element throws(JSONPathError) in try element.string() },
                environment: all,
                installHint: try exec.reader.optional("installHint")?.string(),
                cluster: info
            )
        } catch {
            throw exec.failure(error)
        }
    }

    /// What a plugin is told of the cluster: ExecCredential's `spec.cluster`.
    private static func clusterInfo(
        _ cluster: Kubeconfig.Entry, _ files: FileReader
    ) throws(ConfigurationError) -> JSON {
        var info: [String: JSON] = ["server": .string(try server(cluster))]
        info["tls-server-name"] = try cluster.text("tls-server-name").map(JSON.string)
        if try cluster.flag("insecure-skip-tls-verify") { info["insecure-skip-tls-verify"] = true }
        info["certificate-authority-data"] = try bytes(cluster, "certificate-authority", files)
            .map { .string(Data($0).base64EncodedString()) }
        let extensions = cluster.reader.value["extensions"]?.arrayValue ?? []
        info["config"] = extensions.first { $0["name"] == "client.authentication.k8s.io/exec" }?["extension"]
        return .object(info)
    }
}
