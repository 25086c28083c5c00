import HTTPTransport

extension ClusterConfiguration {
    /// Reads the configuration from kubeconfig files.
    ///
    /// - Parameters:
    ///   - path: the file; nil for the list of files in `KUBECONFIG`, else `$HOME/.kube/config`.
    ///   - context: nil or empty for the file's current context.
    ///   - environment: the process's own; credential plugins inherit it.
    package static func kubeconfig(
        path: String?,
        context: String?,
        environment: [String: String],
        files: FileReader = .system
    ) throws(ConfigurationError) -> ClusterConfiguration {
        let config = try Kubeconfig.load(path: path, environment: environment, files: files)
        let read = config.files.joined(separator: ":")
        guard let name = context.flatMap({ $0.isEmpty ? nil : $0 }) ?? config.currentContext else {
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
                "cluster", "names \"\(clusterName)\", which does not exist; known: \(list(config.names(.clusters)))")
        }
        // Like kubectl: a user that does not exist has no credentials.
        let user = config.entry(.users, try context.text("user") ?? "")
        let server = try server(cluster)
        var credentials =
            try user.map { user throws(ConfigurationError) in
                try KubeconfigUser(user).credentials(cluster, server: server.text, environment, files)
            } ?? .none
        // Like Go's HTTP client, which uses the user information of a URL before other credentials.
        if let name = server.user {
            credentials = .basic(user: name, password: SecretString(server.password ?? ""))
        }
        return ClusterConfiguration(
            server: server.text,
            tls: try tls(cluster, user, files),
            credentials: credentials,
            impersonation: try user.flatMap { user throws(ConfigurationError) in
                try KubeconfigUser(user).impersonation()
            },
            proxy: try proxy(cluster),
            defaultNamespace: try context.text("namespace") ?? "default"
        )
    }

    /// Returns the kubeconfigs that these arguments select, and the keys, certificates and tokens that their users
    /// name; an empty list if there is no kubeconfig.
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

    private static func server(_ cluster: Kubeconfig.Entry) throws(ConfigurationError) -> ServerURL {
        guard let address = try cluster.text("server") else { throw cluster.failure("server", "is required") }
        do throws(ServerURL.Failure) {
            return try ServerURL(parsing: address)
        } catch {
            throw cluster.failure("server", error.message)
        }
    }

    private static let proxySchemes = ["http", "https", "socks5"]

    private static func proxy(_ cluster: Kubeconfig.Entry) throws(ConfigurationError) -> SecretString? {
        guard let url = try cluster.text("proxy-url") else { return nil }
        let parts = url.firstRange(of: "://")
        guard let parts, proxySchemes.contains(url[..<parts.lowerBound].lowercased()),
            !url[parts.upperBound...].isEmpty, !url.unicodeScalars.contains(where: { $0.value <= 0x20 })
        else {
            throw cluster.failure("proxy-url", "must be a URL that starts with http://, https:// or socks5://")
        }
        let scheme = url[..<parts.lowerBound].lowercased()
        // The proxy resolves the name, as with client-go.
        return SecretString((scheme == "socks5" ? "socks5h" : scheme) + url[parts.lowerBound...])
    }

    private static func tls(
        _ cluster: Kubeconfig.Entry, _ user: Kubeconfig.Entry?, _ files: FileReader
    ) throws(ConfigurationError) -> TLSOptions {
        var tls = TLSOptions(
            certificateAuthorities: try cluster.bytes("certificate-authority", files),
            serverName: try cluster.text("tls-server-name"),
            skipsVerification: try cluster.flag("insecure-skip-tls-verify")
        )
        if tls.skipsVerification, tls.certificateAuthorities != nil {
            throw cluster.failure("insecure-skip-tls-verify", "cannot be combined with a certificate authority")
        }
        // A key without a certificate is ignored.
        guard let user, let certificate = try user.bytes("client-certificate", files) else { return tls }
        guard let key = try user.bytes("client-key", files) else {
            throw user.failure("client-key", "is required with a client certificate, unless client-key-data is set")
        }
        tls.clientCertificate = certificate
        tls.clientKey = key
        return tls
    }
}

extension Kubeconfig.Entry {
    /// Returns the content of `FIELD-data` or of the file that `FIELD` names.
    func bytes(_ field: String, _ files: FileReader) throws(ConfigurationError) -> [UInt8]? {
        let path = try text(field)
        if let encoded = try text("\(field)-data") {
            guard path == nil else { throw failure(field, "and \(field)-data are both set; remove one of them") }
            guard let bytes = Base64.bytes(encoded), !bytes.isEmpty else {
                throw failure("\(field)-data", "is not base64")
            }
            return bytes
        }
        guard let path else { return nil }
        do throws(FileReader.Failure) {
            return try files.read(resolve(path))
        } catch {
            throw failure(field, "\(error)")
        }
    }
}
