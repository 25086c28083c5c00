package import HTTPTransport
package import PluginSDK
import WireFormats

/// The metadata server of Google Cloud, which gives a workload the access tokens of its service account.
///
/// Source: https://cloud.google.com/compute/docs/access/authenticate-workloads
package struct GoogleMetadata: Sendable {
    /// A short timeout: the server is on the same machine, so without an immediate answer there is none.
    static let timeout: Duration = .seconds(3)
    static let maxBodyBytes = 64 << 10
    package static let hostVariable = "GCE_METADATA_HOST"
    static let defaultHost = "metadata.google.internal"

    private let client: any HTTPClient
    private let host: String
    private let nowMicroseconds: @Sendable () -> Int64

    /// - Parameters:
    ///   - client: a client without a proxy, because the server is on the same machine.
    ///   - environment: the environment of the process, which may name another host.
    package init(
        client: any HTTPClient, environment: [String: String], nowMicroseconds: @escaping @Sendable () -> Int64
    ) {
        self.client = client
        let named = environment[Self.hostVariable] ?? ""
        host = named.isEmpty ? Self.defaultHost : named
        self.nowMicroseconds = nowMicroseconds
    }

    /// - Throws: `auth_failed` if there is no such server or it has no account, `source_unreachable` if it fails
    ///   temporarily.
    package func accessToken() async throws(PluginError) -> AccessToken {
        let request = HTTPRequest(
            url: "http://\(host)/computeMetadata/v1/instance/service-accounts/default/token",
            headers: [HTTPHeader("Metadata-Flavor", "Google"), HTTPHeader("Accept", "application/json")],
            timeout: Self.timeout, maxBodyBytes: Self.maxBodyBytes)
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await client.send(request)
        } catch {
            throw PluginError(
                .authFailed,
                "Google's metadata server does not answer (\(error.message)): this workload does not run on Google Cloud"
            )
        }
        // Other servers with that name do not send this header.
        guard response.head.header("Metadata-Flavor") == "Google" else {
            throw PluginError(.authFailed, "the server at \(host) is not Google's metadata server")
        }
        switch response.status {
        case 200: return try token(response)
        case 404:
            throw PluginError(
                .authFailed,
                "the workload has no service account: assign one to it or its node pool, or set credentials")
        default:
            throw PluginError(
                .sourceUnreachable,
                "Google's metadata server returned HTTP status \(response.status): \(Quoting.quote(response.body))")
        }
    }

    private func token(_ response: HTTPResponse) throws(PluginError) -> AccessToken {
        guard let token = AccessToken(response.body, nowMicroseconds: nowMicroseconds()) else {
            throw PluginError(.sourceUnreachable, "Google's metadata server returned no access token")
        }
        return token
    }
}

extension AccessToken {
    /// Reads a token response of OAuth 2.0 (RFC 6749, section 5.1); returns nil if it is malformed.
    package init?(_ body: [UInt8], nowMicroseconds: Int64, quotaProject: String? = nil) {
        guard let json = try? JSON(parsing: body, limits: SourceLimits.credential),
            let text = json["access_token"]?.stringValue, Self.isToken(text),
            let seconds = json["expires_in"]?.intValue, 0...Self.maxLifeSeconds ~= seconds
        else { return nil }
        self.init(
            Secret(text), endsAtMicroseconds: nowMicroseconds + Int64(seconds) * 1_000_000, quotaProject: quotaProject)
    }

    private static var maxLifeSeconds: Int { 86_400 }

    /// Returns whether the text is a valid token for a header.
    package static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
