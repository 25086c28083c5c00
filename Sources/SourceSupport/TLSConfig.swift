package import HTTPTransport
package import PluginSDK

/// The `tls` field of the sources: how to verify the server, and the client certificate.
package struct TLSConfig: MetricConfig {
    @Field(
        "Certificate authorities to trust instead of the system's: PEM text, or the path of a PEM file.",
        marks: .serverTrust)
    package var ca: String?

    @Field("The client's certificate chain: PEM text, or the path of a PEM file.")
    package var cert: String?

    @Field("The client's private key: PEM text, or the path of a PEM file.", marks: .credentialFile)
    package var key: Secret?

    @Field("Host name to expect in the server's certificate instead of that in the address.", marks: .serverTrust)
    package var serverName: String?

    @Field("Trust any server. Any server that answers then gets the credentials.", marks: .serverTrust)
    package var insecureSkipVerify = false

    package init() {}

    package func validate() -> [ConfigProblem] {
        switch (cert, key) {
        case (.some, nil): [ConfigProblem(path: "key", message: "is required with cert")]
        case (nil, .some): [ConfigProblem(path: "cert", message: "is required with key")]
        default: []
        }
    }

    /// Reads the files that the config names.
    ///
    /// - Throws: `config_invalid`, with the field's path.
    package func options(_ files: some FileReader) throws(PluginError) -> TLSOptions {
        TLSOptions(
            certificateAuthorities: try Self.pem(ca, "tls.ca", holding: "CERTIFICATE-----", files),
            clientCertificate: try Self.pem(cert, "tls.cert", holding: "CERTIFICATE-----", files),
            clientKey: try Self.pem(key?.reveal(), "tls.key", holding: "PRIVATE KEY-----", files),
            serverName: serverName,
            skipsVerification: insecureSkipVerify)
    }

    /// Returns PEM text unchanged; reads the file at an absolute path.
    ///
    /// - Parameter label: the end of the first line that the PEM text has to have.
    /// - Throws: the same error for every file that cannot be used, so that a tenant cannot find out which files exist.
    private static func pem(
        _ text: String?, _ field: String, holding label: String, _ files: some FileReader
    ) throws(PluginError) -> [UInt8]? {
        guard let text else { return nil }
        // By this character, the host too decides whether a config chooses the authorities.
        guard text.hasPrefix("/") else {
            if text.contains("-----BEGIN") { return Array(text.utf8) }
            // Not quoted: a malformed key is still a secret.
            throw PluginError(.configInvalid, "\(field) is neither PEM text nor an absolute path", path: field)
        }
        guard let bytes = try? files.contents(of: text), String(decoding: bytes, as: UTF8.self).contains(label) else {
            throw PluginError(
                .configInvalid,
                "\(field): \(text) is not a PEM file that the plugin can read. A plugin runs confined: the path must be in "
                    + "readPaths of this plugin in plugins.yaml", path: field)
        }
        return bytes
    }
}
