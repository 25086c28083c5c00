package import PluginSDK
package import Synchronization

/// What a plugin made of a config, kept in the config, which the host sends again and again.
///
/// ```swift
/// struct Config: MetricConfig {
///     @Field("The server.") var address: String
///     let server = KeptValue<Server>()
/// }
/// ```
package final class KeptValue<Value: Sendable>: Sendable {
    @usableFromInline let kept = Mutex<Value?>(nil)

    @inlinable package init() {}

    /// Returns what was kept, or else makes it.
    ///
    /// - Parameter isConstant: whether it will be the same at the next reading. A file that the config names may change.
    @inlinable package func value(
        isConstant: Bool, _ make: () throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        if let known = kept.withLock({ $0 }) { return known }
        let value = try make()
        if isConstant { kept.withLock { $0 = value } }
        return value
    }
}
