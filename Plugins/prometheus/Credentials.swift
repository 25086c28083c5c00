import HTTPTransport
import PluginSDK
import SourceSupport
import WireFormats

/// The credentials of a request.
struct Credentials: Sendable, Equatable {
    /// The value of the Authorization header.
    let authorization: Secret?
    let signature: AWSSignature?

    private init(authorization: Secret? = nil, signature: AWSSignature? = nil) {
        self.authorization = authorization
        self.signature = signature
    }

    static let none = Credentials()

    static func basic(_ basic: PrometheusAuth.Basic) -> Credentials {
        let pair = "\(basic.username):\(basic.password.reveal())"
        return Credentials(authorization: Secret("Basic " + Encoding.base64(Array(pair.utf8))))
    }

    static func bearer(_ token: Secret) -> Credentials {
        Credentials(authorization: Secret("Bearer " + token.reveal()))
    }

    static func signed(_ sigv4: PrometheusAuth.SigV4, _ key: AWSKey) -> Credentials {
        Credentials(
            signature: AWSSignature(
                region: sigv4.region, service: sigv4.service, accessKeyID: key.id,
                secretAccessKey: key.secret.reveal(), sessionToken: key.sessionToken?.reveal()))
    }

    /// - Throws: `auth_failed` if a token file cannot be used.
    static func bearer(_ bearer: PrometheusAuth.Bearer, files: some FileReader) throws(PluginError) -> Credentials {
        if let token = bearer.token { return .bearer(try checked(token.reveal(), field: "auth.bearer.token")) }
        let field = "auth.bearer.tokenFile"
        let bytes: [UInt8]
        let path = bearer.tokenFile ?? ""
        do throws(FileError) {
            bytes = Array(TextDecoder.withoutMark(try files.contents(of: path)))
        } catch {
            // The same text for every cause, so that a tenant cannot find out which files exist.
            throw PluginError(
                .authFailed,
                "\(field): \(path) is not a file that the plugin can read. A plugin runs confined: add the path to "
                    + "readPaths of this plugin in plugins.yaml", path: field)
        }
        // Editors and `kubectl create secret --from-file` leave a newline at the end.
        let isBlank: (UInt8) -> Bool = { $0 <= 0x20 }
        let trimmed = bytes.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
        guard !trimmed.isEmpty else { throw PluginError(.authFailed, "the file of \(field) is empty", path: field) }
        return .bearer(try checked(String(decoding: trimmed, as: UTF8.self), field: field))
    }

    private static func checked(_ token: String, field: String) throws(PluginError) -> Secret {
        guard AccessToken.isToken(token) else {
            throw PluginError(.authFailed, "the token of \(field) contains a blank or a control character", path: field)
        }
        return Secret(token)
    }
}
