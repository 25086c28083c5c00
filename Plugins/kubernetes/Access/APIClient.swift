import HTTPTransport
import PluginSDK
import SourceSupport
import WireFormats

/// The API server, and the identity as which it is called.
struct APIEndpoint: Hashable, Sendable {
    /// Without a slash at the end.
    let address: String
    let tls: TLSOptions
    let token: Secret

    /// - Throws: `config_invalid` if there is no token, or a file of `tls` cannot be used.
    init(_ config: APIServerFields, files: any FileReader) throws(PluginError) {
        guard let token = config.token else {
            throw PluginError(
                .configInvalid,
                "there is no token for the API server: ask the administrator to set kubernetesPlugin.enabled in the chart's "
                    + "values, or defaults.token of plugin kubernetes in plugins.yaml",
                path: "token")
        }
        self.token = token
        address = config.address.hasSuffix("/") ? String(config.address.dropLast()) : config.address
        tls = try config.tls?.options(files) ?? TLSOptions()
    }
}

/// Sends requests to the API server.
struct APIClient: Sendable {
    private let receiver: AnswerReceiver
    let files: any FileReader

    init(client: any HTTPClient, files: any FileReader) {
        receiver = AnswerReceiver(client)
        self.files = files
    }

    /// Returns the answer to a GET, regardless of its status.
    func get(
        _ path: String, _ query: [(name: String, value: String)], at endpoint: APIEndpoint, timeLeft: Duration
    ) async throws(PluginError) -> AnswerReceiver.Answer {
        let text = query.isEmpty ? "" : "?" + Encoding.form(query)
        let request = HTTPRequest(
            url: endpoint.address + path + text,
            headers: [
                HTTPHeader("Accept", "application/json"),
                HTTPHeader("Authorization", "Bearer " + endpoint.token.reveal()),
                HTTPHeader("User-Agent", "generalscaler-plugin-kubernetes/\(SourceVersion.current)"),
            ],
            tls: endpoint.tls, timeout: CallDeadline.usable(timeLeft), maxBodyBytes: KubernetesLimits.maxBodyBytes)
        do throws(HTTPError) {
            return try await receiver.receive(request)
        } catch {
            if error.kind == .tls { throw PluginError(.sourceUnreachable, error.message, path: "tls") }
            throw PluginError(
                error, from: "the API server", path: "address", maxBodyBytes: KubernetesLimits.maxBodyBytes)
        }
    }
}
