package import PluginSDK

/// An access key of AWS.
package struct AWSKey: Sendable, Hashable {
    package let id: String
    package let secret: Secret
    package let sessionToken: Secret?

    package init(id: String, secret: Secret, sessionToken: Secret?) {
        self.id = id
        self.secret = secret
        self.sessionToken = sessionToken
    }
}
