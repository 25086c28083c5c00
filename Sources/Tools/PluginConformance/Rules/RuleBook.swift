/// All rules of the plugin protocol, in the order of their numbers.
package enum RuleBook {
    package static let rules: [Rule] =
        (launch + handshake + framing + config + metric + concurrency + exit + confinement + host + push)
        .sorted { $0.id.rawValue < $1.id.rawValue }

    package static func rule(_ id: RuleID) -> Rule {
        // A test checks that the book has one rule for each id, in order.
        rules[id.rawValue - 1]
    }

    package static func rules(of group: RuleGroup) -> [Rule] { rules.filter { $0.group == group } }
}
