package import HTTPTransport

/// The address of an API server, and the credentials for it.
package struct ClusterConfiguration: Sendable {
    /// `https://host:port` and perhaps a path; no slash at the end.
    package var server: String
    package var tls: TLSOptions
    package var credentials: CredentialSource
    /// The user to impersonate, if any.
    package var impersonation: Impersonation?
    /// The proxy for requests, regardless of the environment. May contain a password.
    package var proxy: SecretString?
    /// The operator's own namespace, or that of the kubeconfig's context.
    package var defaultNamespace: String

    package init(
        server: String,
        tls: TLSOptions = TLSOptions(),
        credentials: CredentialSource = .none,
        impersonation: Impersonation? = nil,
        proxy: SecretString? = nil,
        defaultNamespace: String = "default"
    ) {
        self.server = server
        self.tls = tls
        self.credentials = credentials
        self.impersonation = impersonation
        self.proxy = proxy
        self.defaultNamespace = defaultNamespace
    }
}

/// The reason why the configuration is unusable: one line with the file, the field and the fix.
package struct ConfigurationError: Error, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
