/// A metric source: a program that reads one type of metric and tells it to GeneralScaler.
///
/// This is a whole plugin. Its executable is named `generalscaler-plugin-random`, after the metric type:
///
/// ```swift
/// import PluginSDK
///
/// @main
/// struct RandomPlugin: MetricPlugin {
///     struct Config: MetricConfig {
///         @Field("The largest value.", minimum: 1) var largest = 100.0
///     }
///
///     static let metricType = "random"
///     static let description = "A random number, for tests."
///     static let version = "1.0.0"
///     static let defaultTargetType = TargetType.value
///
///     func value(for request: MetricRequest<Config>) async throws -> MetricReading {
///         MetricReading(.random(in: 0...request.config.largest))
///     }
/// }
/// ```
///
/// Standard output belongs to the protocol and is kept safe: a `print` shows on standard error, where logs belong.
public protocol MetricPlugin: Sendable {
    associatedtype Config: MetricConfig

    /// A sentence on what the metric measures.
    static var metricType: String { get }
    /// The version of the plugin.
    static var description: String { get }
    /// The plugin's own version.
    static var version: String { get }
    /// The default target type, used if the GeneralScaler does not set one.
    static var defaultTargetType: TargetType { get }
    /// The maximum number of concurrent calls of ``value(for:)``. The default is 1.
    static var maxInFlight: Int { get }
    /// The maximum age of a reading, for a slow source.
    static var maxAge: Duration? { get }

    /// Creates the plugin once, at the start. An error ends the plugin with a line on standard error.
    init() async throws

    /// Returns the target type, if the config determines it: for example, an age is compared directly, and a length is
    /// divided by the replicas.
    func targetType(for config: Config) -> TargetType?

    /// Reads the metric.
    ///
    /// The task is cancelled at the deadline, or when the host cancels the call. Calls share one thread: wait with
    /// `await`, and run blocking work on another thread.
    ///
    /// - Throws: ``PluginError`` with the kind of the failure. Any other error is reported as an internal error.
    func value(for request: MetricRequest<Config>) async throws -> MetricReading
}

/// A metric source with history, which the simulator can replay.
///
/// The plugin then advertises the capability `range`.
public protocol RangeMetricPlugin: MetricPlugin {
    /// Reads the values that ``MetricPlugin/value(for:)`` would have returned at each time of the window.
    ///
    /// Omit times without a value. If there is no value at all, throw `no_data`.
    ///
    /// - Throws: ``PluginError`` with the kind of the failure. Any other error is reported as an internal error.
    func range(for request: MetricRangeRequest<Config>) async throws -> MetricRange
}

/// A metric source that pushes changes, so that scaling from zero does not wait for the next poll.
///
/// The plugin then advertises the capability `subscribe`. It is polled all the same: what is pushed comes early, and
/// what is lost is found.
///
/// ```swift
/// func readings(for request: MetricSubscription<Config>) async throws -> AsyncStream<MetricReading> {
///     AsyncStream { continuation in
///         let watch = queue.onChange { length in continuation.yield(MetricReading(Double(length))) }
///         continuation.onTermination = { _ in watch.cancel() }
///     }
/// }
/// ```
public protocol PushMetricPlugin: MetricPlugin {
    associatedtype Readings: AsyncSequence & Sendable where Readings.Element == MetricReading

    /// Returns the readings of a metric from now on: what it is now, and what it is after each change.
    ///
    /// Returns once the source has agreed to tell of changes. From then on the readings are taken one by one, in a task
    /// that is cancelled when there are no more subscribers; of readings that come in quick succession only the newest
    /// goes to the host. Where the sequence throws or ends, the host subscribes again later, so a plugin need not
    /// reconnect by itself.
    ///
    /// The task shares one thread with all calls, as ``MetricPlugin/value(for:)`` does.
    ///
    /// - Throws: ``PluginError`` of the kind `cannotSubscribe` if the source does not report changes to this; of any
    ///   other kind if it cannot now.
    func readings(for request: MetricSubscription<Config>) async throws -> Readings
}

extension MetricPlugin {
    public static var maxInFlight: Int { 1 }
    public static var maxAge: Duration? { nil }
    public func targetType(for config: Config) -> TargetType? { nil }
}
