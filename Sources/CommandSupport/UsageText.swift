/// The message of a usage error on one line.
package enum UsageText {
    /// Returns the first line, with the list that follows it if the line announces one.
    package static func oneLine(_ message: String) -> String {
        let lines = message.split(separator: "\n").map(String.init)
        guard let first = lines.first else { return "it failed" }
        guard first.hasSuffix(":") else { return first }
        let items = lines.dropFirst().prefix { $0.hasPrefix("  - ") }.map { String($0.dropFirst(4)) }
        return items.isEmpty ? first : "\(first) \(items.joined(separator: ", "))"
    }
}
