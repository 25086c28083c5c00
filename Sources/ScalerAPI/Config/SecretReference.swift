import WireFormats

/// A reference to one value of a Secret in the same namespace.
package struct SecretReference: Sendable, Hashable {
    package let name: String
    package let key: String
    /// Whether the field is omitted if the Secret or its key does not exist.
    package let isOptional: Bool

    package init(name: String, key: String, isOptional: Bool = false) {
        self.name = name
        self.key = key
        self.isOptional = isOptional
    }
}

extension SecretReference {
    /// Reads `{name, key, optional}`.
    init(_ secret: JSONReader) throws(JSONPathError) {
        try secret.rejectUnknown("name", "key", "optional")
        let key = try secret.required("key")
        self.init(
            name: try secret.required("name").objectName(),
            key: try key.nonEmptyString(),
            isOptional: try secret.optional("optional")?.bool() ?? false)
        // The API server's rule; it also limits the text that a message repeats.
        let isKey =
            self.key.utf8.count <= 253
            && self.key.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
        guard isKey else { throw key.error("must be a key of a Secret: letters, digits, -, _ and .") }
    }
}
