/// A report for a terminal: one line per rule, and the evidence and the fix for each violated rule.
struct HumanReport {
    let colors: Bool

    private enum Color: String {
        case red = "31"
        case green = "32"
        case yellow = "33"
        case faint = "2"
    }

    func text(_ report: CheckReport) -> String {
        var text = "plugin-check: \(report.plugin)\n"
        for group in RuleGroup.allCases {
            let results = report.results.filter { $0.rule.group == group }
            guard let first = results.first, let last = results.last else { continue }
            text += "\n\(group.title)\n"
            // A group without checks is shown in one line.
            if results.count > 1, results.allSatisfy({ $0.outcome == first.outcome && $0.warnings.isEmpty }),
                case .unchecked(let reason) = first.outcome
            {
                let range = "\(first.rule.id.label) to \(last.rule.id.label)"
                text += paint("  . \(range): no check: \(reason)\n", .faint)
            } else {
                text += results.map { line($0) + warnings($0) }.joined()
            }
        }
        return text + "\n\(summary(report))\n"
    }

    private func line(_ result: RuleResult) -> String {
        let label = result.rule.id.label.padded(to: 5)
        let title = result.rule.title
        switch result.outcome {
        case .passed: return paint("  ✔ ", .green) + "\(label) \(title)\n"
        case .skipped(let reason): return paint("  - \(label) \(title): skipped: \(reason)\n", .yellow)
        case .unchecked(let reason): return paint("  . \(label) \(title): no check: \(reason)\n", .faint)
        case .failed(let findings):
            var text = paint("  ✘ \(label) \(title)\n", .red)
            for finding in findings {
                text += "          \(finding.message)\n"
                if let evidence = finding.evidence { text += "          > \(evidence)\n" }
                if let fix = finding.fix { text += "          Fix: \(fix)\n" }
            }
            if case .checked(let fix) = result.rule.verification { text += "          Fix: \(fix)\n" }
            return text
        }
    }

    private func warnings(_ result: RuleResult) -> String {
        result.warnings.map { warning in
            let fix = warning.fix.map { "          Fix: \($0)\n" } ?? ""
            return paint("  ! \(result.rule.id.label.padded(to: 5)) Warning: \(warning.message)\n", .yellow) + fix
        }.joined()
    }

    private func summary(_ report: CheckReport) -> String {
        let counts = report.counts
        let verdict =
            if !report.isConformant {
                paint("Not conformant", .red)
            } else if report.noValue != nil {
                paint("Incomplete", .yellow)
            } else {
                paint("Conformant", .green)
            }
        let warnings = report.warnings.isEmpty ? "" : ", warnings: \(report.warnings.count)"
        let noValue = report.noValue.map { "\nNo value was read: \($0)" } ?? ""
        return "\(verdict): \(counts.passed) rules passed, \(counts.failed) failed, \(counts.skipped) skipped, "
            + "\(counts.unchecked) not checked, in \(Conversation.text(report.duration))\(warnings)\(noValue)"
    }

    private func paint(_ text: String, _ color: Color) -> String {
        colors ? "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m" : text
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
