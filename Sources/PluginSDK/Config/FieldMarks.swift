/// Properties of a ``Field`` that matter to the host. Each mark is a keyword of the schema.
public struct FieldMarks: OptionSet, Sendable {
    public let rawValue: Int

    public init(rawValue: Int) {
        self.rawValue = rawValue
    }

    /// The text, or each text of a list, names the server to ask: `x-address`.
    public static let address = FieldMarks(rawValue: 1 << 0)
    /// The text can be the absolute path of a file with a credential: `x-credential-file`. Files that a plugin can read
    /// belong to the administrator, even if a config names them.
    public static let credentialFile = FieldMarks(rawValue: 1 << 1)
    /// Where the field is there, and no secret in it, the plugin acts with an identity of the operator's own, such as
    /// that of its cloud account: `x-operator-identity`.
    public static let operatorIdentity = FieldMarks(rawValue: 1 << 2)
    /// The field says how the server is verified: `x-server-trust`. `false` and an absolute path, which is a file of the
    /// administrator's, weaken nothing.
    public static let serverTrust = FieldMarks(rawValue: 1 << 3)

    var keywords: [String] {
        [
            (Self.address, "x-address"), (.credentialFile, "x-credential-file"),
            (.operatorIdentity, "x-operator-identity"), (.serverTrust, "x-server-trust"),
        ]
        .filter { contains($0.0) }.map(\.1)
    }
}
