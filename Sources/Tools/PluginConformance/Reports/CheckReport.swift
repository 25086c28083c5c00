/// The result for one rule.
package struct RuleResult: Sendable {
    package enum Outcome: Sendable, Hashable {
        case passed
        /// Failed, with at least one finding.
        case failed([Finding])
        /// Skipped for this reason, which does not count as passed.
        case skipped(String)
        /// Cannot be checked, for this reason.
        case unchecked(String)
    }

    package let rule: Rule
    package let outcome: Outcome
    /// What is probably wrong. It breaks no rule.
    package let warnings: [Finding]

    package var findings: [Finding] {
        if case .failed(let findings) = outcome { findings } else { [] }
    }
}

/// The findings of a run by rule.
package struct CheckReport: Sendable {
    /// The plugin's name and version from its handshake.
    package let plugin: String
    package let results: [RuleResult]
    /// The reason why no value was read; nil if one was, or if none had to be.
    package let noValue: String?
    package let duration: Duration

    package var failures: [RuleResult] { results.filter { !$0.findings.isEmpty } }
    package var isConformant: Bool { failures.isEmpty }
    package var warnings: [Finding] { results.flatMap(\.warnings) }
    /// Whether the plugin did not answer or exit in time.
    package var hasHang: Bool { failures.contains { $0.findings.contains(where: \.isHang) } }

    package func outcome(of rule: RuleID) -> RuleResult.Outcome? { results.first { $0.rule.id == rule }?.outcome }

    package var counts: (passed: Int, failed: Int, skipped: Int, unchecked: Int) {
        results.reduce(into: (0, 0, 0, 0)) { counts, result in
            switch result.outcome {
            case .passed: counts.0 += 1
            case .failed: counts.1 += 1
            case .skipped: counts.2 += 1
            case .unchecked: counts.3 += 1
            }
        }
    }
}
