import Foundation
import NIOCore
import PluginProtocol
import Testing
import WireFormats

@testable import KubernetesClient
@testable import Operator
@testable import PluginHost
@testable import ScalerAPI
@testable import Scaling
@testable import SourceSupport
@testable import generalscaler_plugin_prometheus
@testable import generalscaler_plugin_pubsub
@testable import generalscaler_plugin_redis

/// The attack tests use the limits by their names, so they would not notice a limit that is a hundred times as large.
@Suite("The limits on the pages of the threat model and the sandbox")
struct LimitsOnPagesTests {
    /// Returns the words of a page with single blanks between them.
    private static func words(of page: String) throws -> String {
        let docs = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/explanation")
        let text = try String(contentsOf: docs.appending(path: page), encoding: .utf8)
        return text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private static func kib(_ bytes: Int) -> String { "\(bytes >> 10) KiB" }

    private static func mib(_ bytes: Int) -> String { "\(bytes >> 20) MiB" }

    private static func seconds(_ duration: Duration) -> String { "\(duration.components.seconds) s" }

    private static func seconds(_ time: TimeAmount) -> String { "\(time.nanoseconds / 1_000_000_000) s" }

    /// Returns the number with a comma before each group of three digits.
    private static func grouped(_ number: Int) -> String {
        number < 1_000 ? "\(number)" : "\(grouped(number / 1_000)),\(String("\(number % 1_000 + 1_000)".dropFirst()))"
    }

    private static func word(_ number: Int) -> String {
        let words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
        return words.indices.contains(number) ? words[number] : "\(number)"
    }

    private static let pluginLimits = [
        "\(Int(.seconds(1) / ProtocolLimits.pushSpacing)) times per second",
        "stderr is read at \(mib(PluginHostLimits.stderrBytesPerSecond)) per second",
        "\(grouped(PluginHostLimits.unsolicitedPerSecond)) unsolicited lines per second",
        "quarantined for \(PluginHostLimits.firstQuarantine.components.seconds / 60) minutes",
        "After \(word(PluginHostLimits.quarantinesOfNamespace)) such configs",
    ]

    private static let objectLimits = [
        "at most \(kib(KubernetesLimits.object.bytes)) and \(grouped(KubernetesLimits.object.nodes)) values of an object",
        "\(kib(GeneralScalerSpec.Limits.config.bytes)), \(grouped(GeneralScalerSpec.Limits.config.nodes)) values and "
            + "\(GeneralScalerSpec.Limits.config.depth) levels of a config",
        "\(GeneralScalerSpec.Limits.metrics.upperBound) metrics per scaler",
        "more than \(seconds(MetricObservation.maxClockSkew)) in the future",
    ]

    private static let answerLimits = [
        "Redis: \(mib(RedisLimits.maxReplyBytes)) and \(grouped(RedisLimits.maxReplyElements)) elements for one exchange, "
            + "\(RedisLimits.maxLargeReplies) exchanges over \(kib(RedisLimits.smallReplyBytes)) at a time",
        "Prometheus and Pub/Sub: \(mib(PrometheusLimits.maxBodyBytes)), \(SourceLimits.largeAnswers) answers over "
            + "\(kib(SourceLimits.smallAnswerBytes)) at a time",
    ]

    private static let webhookLimits = [
        "\(AdmissionLimits.connections) connections: a new one displaces",
        "\(seconds(ReviewTimes().idle)) for the TLS handshake and the headers",
        "\(kib(AdmissionLimits.headerBytes)) of headers", "\(mib(AdmissionLimits.bodyBytes)) of body",
        "\(AdmissionLimits.bodiesAtOnce) bodies at a time (503 after \(seconds(ReviewTimes().turn)))",
        "\(seconds(ReviewTimes().body)) for a body",
    ]

    @Test(
        "the threat model names the limits of the code",
        arguments: pluginLimits + objectLimits + answerLimits + webhookLimits)
    func threatModel(limit: String) throws {
        let page = try Self.words(of: "threat-model.md")
        #expect(page.contains(limit), "threat-model.md does not say \"\(limit)\"")
    }

    @Test("limits that have one sentence for two are the same for both, and polls are a second apart")
    func pairs() {
        #expect(PubSubLimits.maxBodyBytes == PrometheusLimits.maxBodyBytes)
        #expect(GeneralScalerSpec.Limits.pollingIntervalSeconds.lowerBound == 1)
        #expect(ScalerController.pushSpacing == .seconds(1))
        #expect(ScalerController.pushSpacing == ScalerController.pushSpacingAtZero * 10)
    }

    @Test(
        "the sandbox's page names the limits of the code",
        arguments: [
            "A line has at most \(Interpreter.maxLineBytes) bytes", "up to \(word(Interpreter.maxDepth)) levels",
            "`limits.processes` (\(PluginLimits().processes)) or \(PluginLimits.threadsPerProcess) times as many threads",
            "Every \(Int(PluginHostLimits.watchInterval / .milliseconds(1))) ms the host reads",
            "Above \(Int(PluginHostLimits.pressureShare * 100))% of a limit",
            "grew most within \(seconds(PluginHostLimits.growthWindow))",
            "above \(Int(PluginHostLimits.emergencyShare * 100))% it also kills",
            "counts as at least \(PluginHostLimits.bytesPerEntry >> 10) KiB",
        ])
    func sandbox(limit: String) throws {
        let page = try Self.words(of: "sandbox.md")
        #expect(page.contains(limit), "sandbox.md does not say \"\(limit)\"")
    }

    @Test("the sandbox's page counts memory and files every second, and an eighth of a limit as a loss")
    func intervals() {
        #expect(PluginHostLimits.watchInterval * PluginHostLimits.watchTicksPerSweep == .seconds(1))
        #expect(PluginHostLimits.spaceChecksPerLimit == 8)
    }
}
