package import PluginSDK

/// The fields of a config that has requests signed for AWS (Signature Version 4).
package protocol SigV4Fields: MetricConfig {
    var region: String { get }
    var service: String { get }
    var accessKeyID: String? { get }
    var secretAccessKey: Secret? { get }
    var sessionToken: Secret? { get }
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
        return problems
    }
}
