import PluginProtocol
import WireFormats

/// Guesses from the name of a config field what it holds, to warn of a mark that is missing in the schema.
enum FieldNames {
    /// What a field holds that needs a mark.
    enum Content {
        case secret
        case address
        /// An address with a password in it.
        case both
    }

    /// Fields with these last words hold a secret.
    private static let secretWords: Set<String> = [
        "password", "passwd", "passphrase", "pwd", "token", "secret", "apikey", "accesskey", "secretkey", "privatekey",
        "credential",
    ]
    private static let addressWords: Set<String> = [
        "url", "uri", "host", "hostname", "server", "address", "endpoint", "broker", "bootstrapserver",
    ]
    private static let bothWords: Set<String> = ["dsn", "connectionstring", "connectionuri", "connectionurl"]

    /// Returns what a field with this name probably holds; nil if nothing that needs a mark.
    static func content(of name: String) -> Content? {
        var words = words(in: name)
        if let last = words.last, last.count > 3, last.hasSuffix("s"), !last.hasSuffix("ss") {
            words[words.count - 1].removeLast()
        }
        // Also of a word that is written as two, such as api_key.
        for end in [words.suffix(2).joined(), words.last ?? ""] {
            if bothWords.contains(end) { return .both }
            if secretWords.contains(end) { return .secret }
            if addressWords.contains(end) { return .address }
        }
        return nil
    }

    /// The words of `apiKey`, `api_key` and `API-Key` in lower case.
    private static func words(in name: String) -> [String] {
        var words: [String] = []
        var isUpper = true
        for character in name {
            guard character.isLetter || character.isNumber else {
                words.append("")
                continue
            }
            if words.isEmpty || (character.isUppercase && !isUpper) { words.append("") }
            words[words.count - 1] += character.lowercased()
            isUpper = character.isUppercase
        }
        return words.filter { !$0.isEmpty }
    }

    /// Warns of fields whose names say that they hold a secret or an address, and whose schemas do not.
    static func check(_ type: MetricTypeDescription, _ context: CheckContext) {
        check(type.configSchema, path: "", type: type.type, context, depth: 0)
    }

    private static func check(_ schema: JSON, path: String, type: String, _ context: CheckContext, depth: Int) {
        guard depth < ConformanceLimits.maxSchemaDepth else { return }
        for (name, field) in (schema["properties"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            let fieldPath = path.isEmpty ? name : "\(path).\(name)"
            check(field, path: fieldPath, type: type, context, depth: depth + 1)
            guard holdsText(field), let fix = fix(name, field) else { continue }
            context.warn(
                .secretFields,
                "the field \(fieldPath) of \(type) seems to hold \(fix.content), and is not marked as such",
                fix: fix.text)
        }
    }

    /// Whether any text can be a value of the field, or an element of it.
    private static func holdsText(_ field: JSON) -> Bool {
        let element = field["items"] ?? field
        return element["type"] == "string" && element["enum"] == nil && field["x-from"] == nil
    }

    private static func fix(_ name: String, _ field: JSON) -> (content: String, text: String)? {
        let isMarked = { (mark: String) in field[mark] == true || field["items"]?[mark] == true }
        let isSecret = isMarked("x-secret") || isMarked("x-credential-file")
        switch content(of: name) {
        case .secret where !isSecret:
            return (
                "a secret",
                "write \"x-secret\": true into its schema, so that the host redacts it (Python and Swift: the type Secret; Go: "
                    + "plugin.Secret; Node: field.secret)"
            )
        case .address where !isSecret && !isMarked("x-address"):
            return (
                "the address of a server",
                "write \"x-address\": true into its schema, so that the administrator can limit the servers (Python and Node: "
                    + "address; Go: the tag address; Swift: isAddress)"
            )
        case .both where !isSecret:
            return (
                "a password",
                "write \"x-secret\": true into its schema, and \"x-address\": true if it has the form scheme://host:port, or "
                    + "split it into a field for the address and one for the password"
            )
        case .secret, .address, .both, nil: return nil
        }
    }
}
