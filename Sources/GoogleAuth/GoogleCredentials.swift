package import PluginSDK
import SourceSupport
import WireFormats

/// The contents of a Google credentials file, by its `type`.
///
/// Source: https://google.aip.dev/auth/4110
package enum GoogleCredentials: Sendable, Hashable {
    case serviceAccount(ServiceAccountKey)
    case authorizedUser(AuthorizedUser)
    case externalAccount(ExternalAccount)

    package init(_ bytes: [UInt8]) throws(CredentialFault) {
        guard let json = try? JSON(parsing: bytes, limits: SourceLimits.credential) else {
            throw CredentialFault("is not JSON")
        }
        do throws(JSONPathError) {
            let reader = JSONReader(json)
            switch try reader.required("type").string() {
            case "service_account": self = .serviceAccount(try ServiceAccountKey(reader))
            case "authorized_user": self = .authorizedUser(try AuthorizedUser(reader))
            case "external_account": self = .externalAccount(try ExternalAccount(reader))
            case let other:
                throw reader.error(
                    "has the type \(other.prefix(40)); supported are service_account, authorized_user and "
                        + "external_account")
            }
        } catch {
            throw CredentialFault("\(error)")
        }
    }
}

/// A problem with credentials. Never contains a value of theirs.
package struct CredentialFault: Error {
    package let message: String

    init(_ message: String) {
        self.message = message
    }
}

/// A service account's key, which signs assertions for its tokens.
package struct ServiceAccountKey: Sendable, Hashable {
    static let googleTokenEndpoint = "https://oauth2.googleapis.com/token"

    let email: String
    let keyID: String?
    let privateKey: Secret
    let tokenEndpoint: String

    init(_ reader: JSONReader) throws(JSONPathError) {
        email = try reader.required("client_email").nonEmptyString()
        keyID = try reader.optional("private_key_id")?.string()
        privateKey = Secret(try reader.required("private_key").nonEmptyString())
        let tokenURI = try reader.optional("token_uri")?.string() ?? ""
        tokenEndpoint = tokenURI.isEmpty ? Self.googleTokenEndpoint : tokenURI
    }

    /// Reads credentials in a resource, which must be a service account's key. Other kinds name files and addresses
    /// that the operator would read on behalf of the resource's author.
    ///
    /// - Parameter tokenEndpoint: the endpoint in the config, which replaces that of the key.
    package init(ofResource credentials: Secret, tokenEndpoint: String?) throws(CredentialFault) {
        switch try GoogleCredentials(Array(credentials.reveal().utf8)) {
        case .serviceAccount(let key):
            guard tokenEndpoint != nil || GoogleHosts.canGiveTokens(key.tokenEndpoint) else {
                throw CredentialFault(
                    "has a token_uri that is not Google's (\(GoogleHosts.tokenHosts)). If you trust it, set "
                        + "tokenEndpoint to it")
            }
            self = key
        case .authorizedUser, .externalAccount:
            throw CredentialFault(
                "must be the key of a service_account; other types are supported only for the operator's own credentials"
            )
        }
    }
}

/// The credentials written by `gcloud auth application-default login`.
package struct AuthorizedUser: Sendable, Hashable {
    let clientID: String
    let clientSecret: Secret
    let refreshToken: Secret
    let quotaProject: String?

    init(_ reader: JSONReader) throws(JSONPathError) {
        clientID = try reader.required("client_id").nonEmptyString()
        clientSecret = Secret(try reader.required("client_secret").nonEmptyString())
        refreshToken = Secret(try reader.required("refresh_token").nonEmptyString())
        quotaProject = try reader.optional("quota_project_id")?.string()
    }
}

/// Workload identity federation: another provider's token is exchanged for Google's.
///
/// Source: https://google.aip.dev/auth/4117
package struct ExternalAccount: Sendable, Hashable {
    enum Source: Sendable, Hashable {
        case file(String)
        case url(String, headers: [String: Secret])
        case token(Secret)
    }

    let audience: String
    let subjectTokenType: String
    let tokenURL: String
    let source: Source
    /// The member with the token, if it is in a JSON object.
    let tokenField: String?
    let impersonationURL: String?

    init(_ identity: FederatedIdentity) {
        audience = identity.provider
        subjectTokenType = "urn:ietf:params:oauth:token-type:jwt"
        tokenURL = "https://sts.\(GoogleHosts.universe)/v1/token"
        source = .token(identity.token)
        tokenField = nil
        impersonationURL = identity.serviceAccount.map {
            "https://iamcredentials.\(GoogleHosts.universe)/v1/projects/-/serviceAccounts/\($0):generateAccessToken"
        }
    }

    init(_ reader: JSONReader) throws(JSONPathError) {
        audience = try reader.required("audience").nonEmptyString()
        subjectTokenType = try reader.required("subject_token_type").nonEmptyString()
        tokenURL = try reader.required("token_url").nonEmptyString()
        impersonationURL = try reader.optional("service_account_impersonation_url")?.nonEmptyString()
        let source = try reader.required("credential_source")
        if let file = try source.optional("file") {
            self.source = .file(try file.nonEmptyString())
        } else if let url = try source.optional("url") {
            var headers: [String: Secret] = [:]
            for (name, value) in try source.optional("headers")?.object() ?? [:] {
                headers[name] = Secret(value.stringValue ?? "")
            }
            self.source = .url(try url.nonEmptyString(), headers: headers)
        } else {
            throw source.error("must have file or url: environment and executable sources are not supported")
        }
        let format = try source.optional("format")
        switch try format?.optional("type")?.string() ?? "text" {
        case "text": tokenField = nil
        case "json": tokenField = try format?.required("subject_token_field_name").nonEmptyString()
        default: throw source.error("has a format that is neither text nor json")
        }
    }

    /// Extracts the other provider's token from the contents of its file or address.
    package func subjectToken(in bytes: [UInt8]) -> Secret? {
        let text: String?
        if let tokenField {
            text = (try? JSON(parsing: bytes, limits: SourceLimits.credential))?[tokenField]?.stringValue
        } else {
            let isBlank: (UInt8) -> Bool = { $0 <= 0x20 }
            let trimmed = TextDecoder.withoutMark(bytes).drop(while: isBlank).reversed().drop(while: isBlank).reversed()
            text = String(decoding: trimmed, as: UTF8.self)
        }
        return text.flatMap { AccessToken.isToken($0) ? Secret($0) : nil }
    }
}
