/// A rule of the plugin protocol.
package struct Rule: Sendable {
    package enum Verification: Sendable, Hashable {
        /// Checked by `plugin-check test`; `fix` tells the plugin's author how to resolve a violation.
        case checked(fix: String)
        /// Cannot be checked from outside, for this reason.
        case unchecked(because: String)
    }

    package let id: RuleID
    package let group: RuleGroup
    package let title: String
    /// The text of the rule on the protocol page.
    package let text: String
    package let verification: Verification

    static func checked(
        _ id: RuleID, _ group: RuleGroup, _ title: String, _ text: String, fix: String
    ) -> Rule {
        Rule(id: id, group: group, title: title, text: text, verification: .checked(fix: fix))
    }

    static func unchecked(
        _ id: RuleID, _ group: RuleGroup, _ title: String, _ text: String, because reason: String
    ) -> Rule {
        Rule(id: id, group: group, title: title, text: text, verification: .unchecked(because: reason))
    }

    package var isChecked: Bool {
        if case .checked = verification { true } else { false }
    }

    /// The rule in Markdown, as on the protocol page.
    package var markdown: String { "**\(id.label). \(title).** \(text)" }

    /// The rule for a terminal.
    package var explanation: String {
        let last =
            switch verification {
            case .checked(let fix): "Fix: \(fix)"
            case .unchecked(let reason): "No check: \(reason)"
            }
        return "\(id.label)  \(title)  (\(group.title.lowercased()))\n\n\(text)\n\n\(last)\n"
    }
}
