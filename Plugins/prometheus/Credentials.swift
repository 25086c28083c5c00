import PluginSDK
import SourceSupport

/// What a request says of who asks.
struct Credentials: Sendable, Equatable {
    /// The value of the Authorization header.
    let authorization: Secret?

    init(_ auth: PrometheusAuth?, files: some FileReader) throws(PluginError) {
        if let basic = auth?.basic {
            let pair = "\(basic.username):\(basic.password.reveal())"
            authorization = Secret("Basic " + Encoding.base64(Array(pair.utf8)))
        } else if let bearer = auth?.bearer {
            authorization = Secret("Bearer " + (try Self.token(bearer, files)))
        } else {
            authorization = nil
        }
    }

    private static func token(_ bearer: PrometheusAuth.Bearer, _ files: some FileReader) throws(PluginError) -> String {
        if let token = bearer.token { return try checked(token.reveal(), field: "auth.bearer.token") }
        let field = "auth.bearer.tokenFile"
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try files.contents(of: bearer.tokenFile ?? "")
        } catch {
            throw error.pluginError(.authFailed, field: field)
        }
        // Editors and `kubectl create secret --from-file` leave a newline at the end.
        let isBlank: (UInt8) -> Bool = { $0 <= 0x20 }
        let trimmed = bytes.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
        guard !trimmed.isEmpty else { throw PluginError(.authFailed, "the file of \(field) is empty", path: field) }
        return try checked(String(decoding: trimmed, as: UTF8.self), field: field)
    }

    private static func checked(_ token: String, field: String) throws(PluginError) -> String {
        guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw PluginError(.authFailed, "the token of \(field) holds a blank or a control character", path: field)
        }
        return token
    }
}
