import WireFormats

extension CheckReport {
    /// The machine-readable report: every rule with its outcome.
    var json: JSON {
        [
            "plugin": .string(plugin),
            "conformant": .bool(isConformant),
            "noValue": noValue.map { .string($0) } ?? .null,
            "durationSeconds": .number(duration / .seconds(1)),
            "rules": .array(results.map(\.json)),
        ]
    }

    /// A report for CI systems: a suite for each group, a case for each rule that has a check.
    var junit: String {
        let checked = results.filter(\.rule.isChecked)
        var xml = """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="plugin-check \(plugin.xmlEscaped)" tests="\(checked.count)" failures="\(counts.failed)" \
            skipped="\(counts.skipped)" time="\(duration / .seconds(1))">

            """
        for group in RuleGroup.allCases {
            let cases = checked.filter { $0.rule.group == group }
            if cases.isEmpty { continue }
            xml += "  <testsuite name=\"\(group.rawValue)\" tests=\"\(cases.count)\">\n"
            xml += cases.map(\.junit).joined() + "  </testsuite>\n"
        }
        return xml + "</testsuites>\n"
    }
}

extension RuleResult {
    fileprivate var json: JSON {
        var members: [String: JSON] = [
            "id": .string(rule.id.label), "title": .string(rule.title), "group": .string(rule.group.rawValue),
        ]
        switch outcome {
        case .passed: members["outcome"] = "passed"
        case .skipped(let reason):
            members["outcome"] = "skipped"
            members["reason"] = .string(reason)
        case .unchecked(let reason):
            members["outcome"] = "unchecked"
            members["reason"] = .string(reason)
        case .failed(let findings):
            members["outcome"] = "failed"
            members["findings"] = .array(findings.map(\.json))
            if case .checked(let fix) = rule.verification { members["fix"] = .string(fix) }
        }
        if !warnings.isEmpty { members["warnings"] = .array(warnings.map(\.json)) }
        return .object(members)
    }

    fileprivate var junit: String {
        let name = "\(rule.id.label) \(rule.title)".xmlEscaped
        let head = "    <testcase classname=\"\(rule.group.rawValue)\" name=\"\(name)\""
        switch outcome {
        case .passed, .unchecked: return head + "/>\n"
        case .skipped(let reason):
            return head + ">\n      <skipped message=\"\(reason.xmlEscaped)\"/>\n    </testcase>\n"
        case .failed(let findings):
            let failures = findings.map { finding in
                "      <failure message=\"\(finding.message.xmlEscaped)\">"
                    + [finding.evidence, finding.fix.map { "Fix: \($0)" }].compactMap(\.self).joined(separator: "\n")
                    .xmlEscaped
                    + "</failure>\n"
            }
            return head + ">\n\(failures.joined())    </testcase>\n"
        }
    }
}

extension Finding {
    fileprivate var json: JSON {
        var members: [String: JSON] = ["message": .string(message), "hang": .bool(isHang)]
        if let evidence { members["evidence"] = .string(evidence) }
        if let fix { members["fix"] = .string(fix) }
        return .object(members)
    }
}

extension String {
    /// The text escaped for XML text and attributes. XML cannot represent control characters.
    fileprivate var xmlEscaped: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "\n": text += "&#10;"
            case _ where scalar.value < 0x20: text += "?"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}
