package import PluginSDK
import WireFormats

/// The `auth.bearer` field of the sources (RFC 6750).
package struct BearerAuth: MetricConfig {
    @Field("The token.")
    package var token: Secret?

    @Field(
        """
        Absolute path of a file with the token; read at every call, so that it may be rotated. The token goes only to addresses \
        that the operator's `plugins.yaml` names for it.
        """,
        marks: .credentialFile)
    package var tokenFile: String?

    package init() {}

    package func validate() -> [ConfigProblem] {
        if (token == nil) == (tokenFile == nil) {
            return [ConfigProblem(path: "", message: "must have exactly one of token and tokenFile")]
        }
        // The host recognizes a file of the operator by its absolute path.
        if let tokenFile, !tokenFile.hasPrefix("/") {
            return [ConfigProblem(path: "tokenFile", message: "must be an absolute path")]
        }
        return []
    }

    /// Returns the token as it is now.
    ///
    /// - Throws: `auth_failed` if a token's file is of no use.
    package func current(_ files: some FileReader) throws(PluginError) -> Secret {
        if let token { return try Self.checked(token.reveal(), field: "auth.bearer.token") }
        let field = "auth.bearer.tokenFile"
        let bytes: [UInt8]
        let path = tokenFile ?? ""
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
        return try Self.checked(String(decoding: trimmed, as: UTF8.self), field: field)
    }

    private static func checked(_ token: String, field: String) throws(PluginError) -> Secret {
        guard AccessToken.isToken(token) else {
            throw PluginError(.authFailed, "the token of \(field) contains a blank or a control character", path: field)
        }
        return Secret(token)
    }
}
