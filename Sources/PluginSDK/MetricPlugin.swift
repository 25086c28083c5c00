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

    /// The `type` by which a GeneralScaler names this metric.
    static var metricType: String { get }
    /// What the metric measures, in a sentence.
    static var description: String { get }
    /// The plugin's own version.
    static var version: String { get }
    /// The default target type, used if the GeneralScaler does not set one.
    static var defaultTargetType: TargetType { get }
    /// How many calls of ``value(for:)`` may run at once. 1 unless declared.
    static var maxInFlight: Int { get }
    /// The maximum age at which a reading counts as fresh, if the source is slow.
    static var maxAge: Duration? { get }

    /// Made once, at the start. An error ends the plugin with a line on standard error.
    init() async throws

    /// Returns the target type, if the config determines it: an age is compared directly, a length is divided by the
    /// replicas.
    func targetType(for config: Config) -> TargetType?

    /// Reads the metric.
    ///
    /// At the deadline, or when the host gives the call up, the task is cancelled. Calls share one thread: wait with
    /// `await`, and give work that blocks a thread of its own.
    ///
    /// - Throws: ``PluginError`` with the kind that fits. Any other error is answered as an internal one.
    func value(for request: MetricRequest<Config>) async throws -> MetricReading
}

/// A metric source that also knows the past, so that a simulator can replay it.
///
/// The plugin then advertises the capability `range`.
public protocol RangeMetricPlugin: MetricPlugin {
    /// Reads what ``MetricPlugin/value(for:)`` would have read at each time of the window.
    ///
    /// A time without a value is left out of the answer; no value at all is the error `no_data`.
    ///
    /// - Throws: ``PluginError`` with the kind that fits. Any other error is answered as an internal one.
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
