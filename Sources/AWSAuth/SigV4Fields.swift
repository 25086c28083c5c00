package import PluginSDK

/// The fields of a config that has requests signed for AWS (Signature Version 4).
package protocol SigV4Fields: MetricConfig {
    var region: String { get }
    var service: String { get }
    var accessKeyID: String? { get }
    var secretAccessKey: Secret? { get }
    var sessionToken: Secret? { get }
    var roleARN: String? { get }
    var webIdentityToken: Secret? { get }
}

extension SigV4Fields {
    /// Returns the problems of the fields, with paths relative to the config that holds them.
    package func validate() -> [ConfigProblem] {
        var problems: [ConfigProblem] = []
        for (path, text) in [("region", region), ("service", service)]
        where !text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }) {
            problems.append(ConfigProblem(path: path, message: "must contain only letters, digits and -"))
        }
        if (accessKeyID == nil) != (secretAccessKey == nil) {
            problems.append(
                ConfigProblem(path: "", message: "must have both of accessKeyID and secretAccessKey, or neither"))
        }
        if sessionToken != nil, accessKeyID == nil {
            problems.append(
                ConfigProblem(path: "sessionToken", message: "is used only with accessKeyID; remove it"))
        }
        if (roleARN == nil) != (webIdentityToken == nil) {
            problems.append(
                ConfigProblem(path: "", message: "must have both of roleARN and webIdentityToken, or neither"))
        }
        if webIdentityToken != nil, accessKeyID != nil {
            problems.append(
                ConfigProblem(path: "webIdentityToken", message: "is used in place of accessKeyID; remove one of them"))
        }
        if let roleARN, !WebIdentity.isRoleARN(roleARN) {
            problems.append(
                ConfigProblem(
                    path: "roleARN", message: "must be the ARN of a role, such as arn:aws:iam::123456789012:role/scaler"
                ))
        }
        return problems
    }

    /// Returns the key that the config has, or that the token service gives for its token; nil if it has neither, which
    /// means the operator's own.
    package func ownKey(_ tokens: AWSTokenService) async throws(PluginError) -> AWSKey? {
        if let id = accessKeyID, let secret = secretAccessKey {
            return AWSKey(id: id, secret: secret, sessionToken: sessionToken)
        }
        guard let roleARN, let webIdentityToken else { return nil }
        return try await tokens.key(for: WebIdentity(roleARN: roleARN, token: webIdentityToken, region: region))
    }
}
