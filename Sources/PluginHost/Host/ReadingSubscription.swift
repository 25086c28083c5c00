/// A subscription from ``PluginHost/subscribe(type:config:targetType:deliver:)``.
package struct ReadingSubscription: Sendable {
    private let replaceConfig: @Sendable (PluginConfig) -> Void
    private let end: @Sendable () -> Void

    package init(
        renew: @escaping @Sendable (PluginConfig) -> Void = { _ in }, cancel: @escaping @Sendable () -> Void
    ) {
        replaceConfig = renew
        end = cancel
    }

    /// Replaces the config. The plugin is not asked again if only secrets differ: it gets them when it subscribes again, for
    /// example because the source has ended the subscription.
    package func renew(_ config: PluginConfig) { replaceConfig(config) }

    /// Ends the subscription. A reading in flight may still be delivered.
    package func cancel() { end() }
}
