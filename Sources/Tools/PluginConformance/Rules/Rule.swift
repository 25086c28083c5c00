/// A rule of the plugin protocol.
package struct Rule: Sendable {
    package enum Verification: Sendable, Hashable {
        /// `plugin-check test` looks; `fix` tells a plugin's author what to do when it fails.
        case checked(fix: String)
        /// Nobody can look from outside, for this reason.
        case unchecked(because: String)
    }

    package let id: RuleID
    package let group: RuleGroup
    package let title: String
    /// The rule itself, in the words of the protocol page.
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

    /// The rule as the protocol page shows it.
    package var markdown: String { "**\(id.label). \(title).** \(text)" }

    /// The rule as a person reads it in a terminal.
    package var explanation: String {
        let last =
            switch verification {
            case .checked(let fix): "Fix: \(fix)"
            case .unchecked(let reason): "No check: \(reason)"
            }
        return "\(id.label)  \(title)  (\(group.title.lowercased()))\n\n\(text)\n\n\(last)\n"
    }
}
