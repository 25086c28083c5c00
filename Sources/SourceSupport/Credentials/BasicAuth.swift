package import PluginSDK

/// The `auth.basic` field of the sources (RFC 7617).
package struct BasicAuth: MetricConfig {
    @Field("The user's name.")
    package var username: String

    @Field("The user's password.")
    package var password: Secret

    package init() {}

    /// The value of the Authorization header.
    package var authorization: Secret {
        Secret("Basic " + Encoding.base64(Array("\(username):\(password.reveal())".utf8)))
    }
}
