import PluginHost
import Testing

@testable import PluginConformance

@Suite("The rules of the protocol")
struct RuleBookTests {
    @Test("the rule book has one rule for each number, in order")
    func numbers() {
        #expect(RuleBook.rules.map(\.id) == RuleID.allCases)
        #expect(RuleID.allCases.map(\.rawValue) == Array(1...RuleID.allCases.count))
    }

    @Test("the protocol page lists every rule with the rule book's text under its group's heading, and no other rule")
    func page() throws {
        let page = try CheckFixture.contents("docs/reference/plugin-protocol.md")
        let sections = Self.rulesByHeading(page)
        for group in RuleGroup.allCases {
            #expect(sections[group.title] == RuleBook.rules(of: group).map(\.markdown), "\(group.title)")
        }
        #expect(Set(sections.keys) == Set(RuleGroup.allCases.map(\.title)))
    }

    /// Returns the paragraphs that begin with a rule's number, unwrapped.
    private static func rulesByHeading(_ page: String) -> [String: [String]] {
        var heading = ""
        var rules: [String: [String]] = [:]
        for paragraph in page.split(separator: "\n\n") {
            if paragraph.hasPrefix("## ") { heading = String(paragraph.dropFirst(3)) }
            if paragraph.hasPrefix("**P-") {
                rules[heading, default: []].append(
                    paragraph.split(whereSeparator: \.isWhitespace).joined(separator: " "))
            }
        }
        return rules
    }

    @Test("every rule that is marked as checked has a check, and no other rule has one")
    func checks() {
        let checked = Set(Check.all.flatMap(\.rules))
        for rule in RuleBook.rules {
            #expect(rule.isChecked == checked.contains(rule.id), "\(rule.id.label)")
            #expect(!rule.text.hasSuffix(" ") && !rule.text.contains("  "), "\(rule.id.label)")
        }
    }

    @Test("the rules that the host names in its messages are in the rule book")
    func hostRules() {
        for rule in ProtocolRule.allCases {
            #expect(RuleID(rawValue: rule.rawValue).map { "\($0)" } == "\(rule)")
            #expect(RuleID(label: rule.label)?.rawValue == rule.rawValue)
        }
    }

    @Test("a rule is found by its label", arguments: ["P-17", "p-17", "17"])
    func label(_ label: String) { #expect(RuleID(label: label) == .longestAnswer) }

    @Test("an unknown rule label finds nothing", arguments: ["P-0", "P-71", "P17", "", "framing"])
    func noLabel(_ label: String) { #expect(RuleID(label: label) == nil) }

    @Test("an explanation of a rule contains its fix, or why there is no check")
    func explanation() {
        let text = RuleBook.rule(.endOfInput).explanation
        #expect(text.hasPrefix("P-44  End of input  (exit)"))
        #expect(text.contains("Fix: leave the loop"))
        #expect(RuleBook.rule(.secretFields).explanation.contains("No check: only the author knows"))
    }
}
