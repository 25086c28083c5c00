import WireFormats

/// A reference from a metric's config to a value that is not in it.
package enum ValueReference: Sendable, Hashable {
    case secret(SecretReference)
    case token(TokenReference)

    /// The member that marks a reference.
    static let marker = "valueFrom"

    /// Reads `{valueFrom: {secretKeyRef: ...}}` or `{valueFrom: {serviceAccountToken: ...}}`.
    ///
    /// - Parameter isOperators: whether the reference is in the administrator's defaults.
    init(_ reference: JSONReader, isOperators: Bool) throws(JSONPathError) {
        try reference.rejectUnknown(Self.marker)
        let source = try reference.required(Self.marker)
        try source.rejectUnknown("secretKeyRef", "serviceAccountToken")
        switch (try source.optional("secretKeyRef"), try source.optional("serviceAccountToken")) {
        case (let secret?, nil): self = .secret(try SecretReference(secret))
        case (nil, let token?): self = .token(try TokenReference(token, isOperators: isOperators))
        default: throw source.error("must have exactly one of secretKeyRef and serviceAccountToken")
        }
    }
}

/// A reference to a token that the API server issues for a ServiceAccount.
package struct TokenReference: Sendable, Hashable {
    package let serviceAccountName: String
    /// The receiver that the token is for, such as `sts.amazonaws.com`; nil for the API server itself, whose audience
    /// differs from cluster to cluster. Only the administrator's defaults may omit it.
    package let audience: String?
    /// The requested lifetime of the token. The server can set a different one.
    package let expirationSeconds: Int
    /// Whether the account is in the operator's namespace, because the reference is in the administrator's defaults;
    /// otherwise it is in the namespace of the GeneralScaler.
    package let isOperators: Bool

    /// The server refuses less than 600.
    package static let expirationRange = 600...3_600
    package static let defaultExpiration = 3_600
    /// The maximum characters of an audience, which messages repeat.
    package static let maxAudienceCharacters = 512

    init(_ token: JSONReader, isOperators: Bool) throws(JSONPathError) {
        try token.rejectUnknown("serviceAccountName", "audience", "expirationSeconds")
        let audience = isOperators ? try token.optional("audience") : try token.required("audience")
        serviceAccountName = try token.required("serviceAccountName").objectName()
        self.audience = try audience?.nonEmptyString()
        expirationSeconds =
            try token.optional("expirationSeconds")?.int(in: Self.expirationRange) ?? Self.defaultExpiration
        self.isOperators = isOperators
        guard let audience, let text = self.audience else { return }
        // The annotation that allows audiences separates them by commas and spaces.
        let isName =
            text.utf8.count <= Self.maxAudienceCharacters
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ",") }
        guard isName else {
            throw audience.error(
                "must be up to \(Self.maxAudienceCharacters) printable ASCII characters without spaces and commas")
        }
    }
}
