/// A program that reads several metric types, each with its own config, from one source.
///
/// The executable is named `generalscaler-plugin-queues`, after the family, and its metric types begin with that name:
///
/// ```swift
/// @main
/// enum QueuePlugins: MetricPluginFamily {
///     static let name = "queues"
///     static let version = "1.0.0"
///
///     static func plugins() async throws -> [any MetricPlugin] {
///         let client = QueueClient()
///         return [QueueLength(client), QueueAge(client)]   // queues-length, queues-age
///     }
/// }
/// ```
///
/// The plugins are not marked with `@main`. They share the process, and one thread.
public protocol MetricPluginFamily: Sendable {
    /// What follows `generalscaler-plugin-` in the name of the executable.
    static var name: String { get }
    /// The version of the program.
    static var version: String { get }

    /// Creates the plugins once, at the start: at least one, each with its own metric type. An error ends the program
    /// with a line on standard error.
    static func plugins() async throws -> [any MetricPlugin]
}
