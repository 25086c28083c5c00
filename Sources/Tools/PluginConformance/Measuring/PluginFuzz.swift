import PluginHost
import PluginProtocol
import WireFormats

/// Fuzzes a plugin with valid requests that contain malformed configs. The plugin must answer each of them according to
/// the rules.
package struct PluginFuzz: Sendable {
    package private(set) var cases = 0
    package private(set) var findings: [Finding] = []
    /// The request after which a rule was violated.
    package private(set) var culprit: String?
    /// The reason why nothing was sent.
    package private(set) var problem: String?

    /// - Parameters:
    ///   - seed: the seed, which determines the requests.
    ///   - maxCases: the maximum number of requests.
    ///   - timeLimit: the time after which no further request is sent.
    package static func run(
        _ command: PluginCommand, options: CheckOptions, seed: UInt64, maxCases: Int, timeLimit: Duration,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(LaunchError) -> PluginFuzz {
        var fuzz = PluginFuzz()
        let context = CheckContext(command, options: options)
        defer { context.endSession() }
        do throws(Stop) {
            _ = try context.firstHandshake()
            var generator = ConfigGenerator(
                seed: seed, config: context.anyConfig(), schema: try context.metricType().configSchema)
            let end = ContinuousClock.now + timeLimit
            while fuzz.cases < maxCases, ContinuousClock.now < end, context.log.findings.isEmpty {
                progress(fuzz.cases, maxCases)
                try fuzz.oneCase(&generator, context)
            }
        } catch {
            switch error {
            case .launch(let error): throw error
            case .skip(let reason): if context.log.findings.isEmpty { fuzz.problem = context.log.mask.masked(reason) }
            }
        }
        fuzz.findings = context.log.findings
        if fuzz.findings.isEmpty { fuzz.culprit = nil }
        return fuzz
    }

    private mutating func oneCase(_ generator: inout ConfigGenerator, _ context: CheckContext) throws(Stop) {
        let config = generator.next()
        let asksForValue = generator.flip()
        culprit = Evidence.text(
            context.log.mask.masked(config).encoded(escapesNonASCII: true),
            limit: ConformanceLimits.maxEvidenceBytes * 4)
        if asksForValue {
            _ = try context.call(.getMetricValue, context.valueParams(config))
        } else {
            _ = try context.validate(config)
        }
        cases += 1
    }
}
