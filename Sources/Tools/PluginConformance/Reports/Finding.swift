import PluginHost

/// A breach of one rule.
package struct Finding: Sendable, Hashable {
    package let rule: RuleID
    /// What happened, in a sentence without a full stop.
    package private(set) var message: String
    /// What to write instead, if that is clear.
    package let fix: String?
    /// The bytes that show it.
    private var bytes: [UInt8]?
    /// The plugin did not answer or exit in time.
    package let isHang: Bool

    init(_ rule: RuleID, _ message: String, evidence: [UInt8]? = nil, fix: String? = nil, isHang: Bool = false) {
        self.rule = rule
        self.message = message
        self.fix = fix
        bytes = evidence
        self.isHang = isHang
    }

    /// The bytes that show it, fit to be printed.
    package var evidence: String? { bytes.map { Evidence.text($0) } }

    fileprivate func masked(by mask: ConfigMask) -> Finding {
        var finding = self
        finding.message = mask.masked(message)
        // Masked before the text is shortened: a shortened secret would not be recognized.
        finding.bytes = bytes.map { mask.masked($0) }
        return finding
    }
}

/// The findings of one run, from all conversations.
final class FindingLog {
    private(set) var findings: [Finding] = []
    /// What is probably wrong. It breaks no rule.
    var warnings: [Finding] = []
    /// Masks the secrets that the plugin gets.
    var mask = ConfigMask()

    /// Returns the findings, and forgets them.
    func take() -> [Finding] {
        defer { findings = [] }
        return findings
    }

    /// Records the first few findings of each rule: a fault in every answer need not be reported for each.
    func note(_ finding: Finding) {
        let finding = finding.masked(by: mask)
        guard findings.count(where: { $0.rule == finding.rule }) < ConformanceLimits.maxFindingsPerRule,
            !findings.contains(finding)
        else { return }
        findings.append(finding)
    }
}
