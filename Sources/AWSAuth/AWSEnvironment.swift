package import HTTPTransport
package import PluginSDK
package import SourceSupport
import WireFormats

/// The operator's AWS credentials, from the agent of EKS Pod Identity or ECS that environment variables name. Never from
/// variables that contain a key, because environments and plugins.yaml are no places for secrets.
///
/// Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
package struct AWSEnvironment: Sendable {
    /// Names the services and regions that the operator's own key signs for, with blanks between them. The
    /// administrator sets them in `env` of the plugin in plugins.yaml.
    package static let servicesVariable = "GENERALSCALER_SIGV4_SERVICES"
    package static let regionsVariable = "GENERALSCALER_SIGV4_REGIONS"

    static let agentTimeout: Duration = .seconds(3)
    static let maxBodyBytes = 64 << 10
    static let agentVariable = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
    /// The path on this server that ECS sets in place of a URL.
    static let agentPathVariable = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    static let agentServer = "http://169.254.170.2"
    static let tokenFileVariable = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"

    private let client: any HTTPClient
    private let files: any FileReader
    private let environment: [String: String]

    /// - Parameters:
    ///   - client: One without a proxy: the agent is on the machine itself.
    ///   - environment: of the process.
    package init(client: any HTTPClient, files: any FileReader, environment: [String: String]) {
        self.client = client
        self.files = files
        self.environment = environment
    }

    /// Returns the key that signs for a service and region.
    ///
    /// - Parameter standardServices: those that it signs for if the administrator names none, with blanks between them.
    /// - Throws: `config_invalid` for a service or region that the administrator did not name, `auth_failed` without a
    ///   key.
    package func key(
        service: String, region: String, standardServices: String
    ) async throws(PluginError) -> AWSKey {
        let services = environment[Self.servicesVariable] ?? standardServices
        try check(service, "service", services, Self.servicesVariable)
        if let regions = environment[Self.regionsVariable] {
            try check(region, "region", regions, Self.regionsVariable)
        }
        return try await key()
    }

    private func check(_ name: String, _ what: String, _ known: String, _ variable: String) throws(PluginError) {
        guard !known.split(separator: " ").contains(Substring(name)) else { return }
        let bound = known.isEmpty ? "for no \(what)" : "only for the \(what)s \(known)"
        throw PluginError(
            .configInvalid,
            "the operator's own AWS key signs \(bound): set accessKeyID and secretAccessKey, or add this \(what) to "
                + "\(variable) in env of the plugin in plugins.yaml",
            path: "auth.sigv4.\(what)")
    }

    private func key() async throws(PluginError) -> AWSKey {
        guard
            let url = variable(Self.agentVariable) ?? variable(Self.agentPathVariable).map({ Self.agentServer + $0 })
        else {
            throw Self.fault(
                "no AWS credentials: none of accessKeyID, \(Self.agentVariable) (EKS Pod Identity) and "
                    + "\(Self.agentPathVariable) (ECS) is set. Set accessKeyID and secretAccessKey in the config or in "
                    + "defaults of the plugin in plugins.yaml, or the agent in env of the plugin there")
        }
        let headers = try agentHeaders()
        // Requested for each call: the agent caches the keys, and is on the same machine.
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await client.send(
                HTTPRequest(
                    url: url, headers: headers, timeout: Self.agentTimeout, maxBodyBytes: Self.maxBodyBytes))
        } catch {
            throw PluginError(.sourceUnreachable, "the AWS credential agent: \(error.message)", path: "auth.sigv4")
        }
        guard response.status == 200 else {
            throw Self.fault("the AWS credential agent returned HTTP status \(response.status)")
        }
        let json = try? JSON(parsing: response.body, limits: SourceLimits.credential)
        guard let id = json?["AccessKeyId"]?.stringValue, let secret = json?["SecretAccessKey"]?.stringValue else {
            throw Self.fault("the AWS credential agent returned no key")
        }
        return AWSKey(id: id, secret: Secret(secret), sessionToken: json?["Token"]?.stringValue.map(Secret.init))
    }

    private func agentHeaders() throws(PluginError) -> [HTTPHeader] {
        guard let path = variable(Self.tokenFileVariable) else { return [] }
        do throws(FileError) {
            let token = String(
                decoding: TextDecoder.withoutMark(try files.contents(of: path)).filter { $0 > 0x20 }, as: UTF8.self)
            return [HTTPHeader("Authorization", token)]
        } catch {
            throw error.pluginError(.authFailed, field: Self.tokenFileVariable)
        }
    }

    private func variable(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func fault(_ message: String) -> PluginError {
        PluginError(.authFailed, message, path: "auth.sigv4")
    }
}
