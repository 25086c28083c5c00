import WireFormats

/// The syntax of names, labels and annotations.
enum NameRules {
    /// The form of the names of one kind.
    enum Form: Sendable {
        /// `web.example-1`: RFC 1123 subdomain.
        case subdomain
        /// `web-1`: RFC 1123 label.
        case label
        /// `web-1`, starting with a letter: RFC 1035 label.
        case serviceName
        /// Any text that is valid in a URL path.
        case pathSegment
    }

    static func problem(_ name: String, _ form: Form) -> String? {
        switch form {
        case .subdomain:
            name.utf8.count <= Limits.subdomain && isSubdomain(name)
                ? nil
                : """
                a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must \
                start and end with an alphanumeric character, in at most \(Limits.subdomain) characters
                """
        case .label:
            name.utf8.count <= Limits.qualifiedName && isLabel(name[...])
                ? nil
                : """
                a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
                and end with an alphanumeric character, in at most \(Limits.qualifiedName) characters
                """
        case .serviceName:
            name.utf8.count <= Limits.qualifiedName && isLabel(name[...]) && !isDigit(name.utf8.first)
                ? nil
                : """
                a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
                character, and end with an alphanumeric character, in at most \(Limits.qualifiedName) characters
                """
        case .pathSegment:
            name == "." || name == ".." || name.contains("/") || name.contains("%")
                ? "may not be '.' or '..' nor contain '/' or '%'" : nil
        }
    }

    static func isSubdomain(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
                .allSatisfy { isLabel(Substring($0)) }
    }

    static func isLabel(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, isLowerAlphanumeric(first),
            isLowerAlphanumeric(last)
        else { return false }
        return text.utf8.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    /// Returns the problem of a label or annotation key: an optional DNS prefix and a name.
    static func qualifiedNameProblem(_ key: String) -> String? {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 2, !isSubdomain(String(parts[0])) { return "prefix part must be a DNS subdomain" }
        guard parts.count <= 2, let name = parts.last, isWord(name) else {
            return """
                a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end \
                with an alphanumeric character, with an optional DNS subdomain prefix and '/'
                """
        }
        return nil
    }

    static func labelValueProblem(_ value: String) -> String? {
        if value.isEmpty { return nil }
        return value.utf8.count <= Limits.labelValue && isWord(value[...])
            ? nil
            : """
            a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
            start and end with an alphanumeric character, in at most \(Limits.labelValue) characters
            """
    }

    private static func isWord(_ text: Substring) -> Bool {
        guard text.utf8.count <= Limits.qualifiedName, let first = text.utf8.first, let last = text.utf8.last,
            isAlphanumeric(first), isAlphanumeric(last)
        else { return false }
        return text.utf8.allSatisfy {
            isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
        }
    }

    private static func isDigit(_ byte: UInt8?) -> Bool {
        byte.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}
