package import WireFormats

extension JSONReader {
    /// Reads the name of an object.
    package func objectName() throws(JSONPathError) -> String { try name(.object) }

    func name(_ rule: NameRule) throws(JSONPathError) -> String {
        let text = try nonEmptyString()
        guard rule.allows(text) else { throw notAName(rule, text) }
        return text
    }

    /// Reads `v1`, or a group and a version.
    func apiVersion() throws(JSONPathError) -> String {
        let text = try nonEmptyString()
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let version = parts.last, NameRule.version.allows(version),
            parts.count == 1 || NameRule.object.allows(parts[0])
        else { throw notAName(.version, text) }
        return text
    }

    private func notAName(_ rule: NameRule, _ text: String) -> JSONPathError {
        error("must be \(rule.words), not \"\(text.prefix(64))\"\(text.count > 64 ? "…" : "")")
    }
}
