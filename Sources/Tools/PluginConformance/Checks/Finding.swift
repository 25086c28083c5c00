/// A violation of one rule.
package struct Finding: Sendable, Hashable {
    package let rule: RuleID
    /// The violation, in a sentence without a full stop.
    package let message: String
    /// The bytes that show the violation, escaped for printing.
    package let evidence: String?
    /// Whether the plugin did not answer or exit in time.
    package let isHang: Bool

    init(_ rule: RuleID, _ message: String, evidence: [UInt8]? = nil, isHang: Bool = false) {
        self.rule = rule
        self.message = message
        self.evidence = evidence.map { Evidence.text($0) }
        self.isHang = isHang
    }
}

/// The findings of one run, from all conversations.
final class FindingLog {
    private(set) var findings: [Finding] = []

    /// Records the first few findings of each rule: a fault in every answer need not be reported for each.
    func note(_ finding: Finding) {
        guard findings.count(where: { $0.rule == finding.rule }) < ConformanceLimits.maxFindingsPerRule,
            !findings.contains(finding)
        else { return }
        findings.append(finding)
    }
}
