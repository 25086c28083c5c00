import PluginSDK
import SourceSupport

/// A role of AWS, and a token of another identity provider with which it is assumed.
package struct WebIdentity: Hashable, Sendable {
    let roleARN: String
    let token: Secret
    let region: String

    /// The regional endpoint of AWS's Security Token Service, so that an outage of another region does not matter.
    var endpoint: String { "https://sts.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")/" }

    /// The account's number and the role's name are not checked: AWS knows which exist.
    static func isRoleARN(_ text: String) -> Bool {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        return parts.count == 6 && parts[0] == "arn" && parts[1].hasPrefix("aws") && parts[2] == "iam"
            && parts[3].isEmpty && parts[5].hasPrefix("role/") && text.utf8.count <= 2_048
            && text.utf8.allSatisfy { 0x21...0x7E ~= $0 }
    }
}

/// A temporary access key.
struct AWSSession: ExpiringCredential {
    let key: AWSKey
    let endsAtMicroseconds: Int64
}
