import PluginSDK
import SourceSupport
import TestSupport
import WireFormats

@testable import generalscaler_plugin_keda

struct NoFiles: FileReader {
    func contents(of path: String) throws(FileError) -> [UInt8] {
        throw FileError(path: path, reason: "No such file or directory")
    }
}

extension ExternalScaler {
    /// A config's fields, as JSON without its braces.
    func fields(_ metadata: JSON = [:], name: String = "billing", _ more: String = "") -> String {
        #""address": "\#(address)", "name": "\#(name)", "namespace": "shop", "metadata": \#(metadata)"# + more
    }

    /// Metadata that changes the scaler's state before the answer.
    static func setting(_ state: JSON, queue: String = "q") -> JSON {
        ["queue": .string(queue), "set": .string("\(state)")]
    }

    /// Metadata that determines the metrics.
    static func metrics(_ metrics: JSON) -> JSON { ["metrics": .string("\(metrics)")] }
}

extension KedaPlugin {
    func subscribe(_ fields: String) async throws -> AsyncThrowingStream<MetricReading, any Error> {
        let config = try Config(parsing: "{\(fields)}")
        return try await readings(
            for: MetricSubscription(config: config, targetType: .averageValue, deadline: .now + .seconds(20)))
    }
}
