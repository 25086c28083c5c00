public import WireFormats

/// A confidential text, such as a password, a token or a key.
///
/// Printed, interpolated, dumped or encoded, it appears as `***`. Only ``reveal()`` returns the text.
public struct Secret: Sendable, Hashable {
    private let text: String

    public init(_ text: String) {
        self.text = text
    }

    /// Returns the text itself. Use it only to send the secret to the source.
    public func reveal() -> String { text }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable, Encodable {
    static let mask = "***"

    public var description: String { Self.mask }
    public var debugDescription: String { Self.mask }
    public var customMirror: Mirror { Mirror(self, children: []) }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Self.mask)
    }
}

extension Secret: ConfigValue {
    public static var configSchema: [String: JSON] { ["type": "string", "x-secret": true] }
    public init(config: JSONReader) throws(ConfigProblems) { self.init(try String(config: config)) }
    public var configJSON: JSON { .string(Self.mask) }
    public var configSecrets: [Secret] { [self] }
}

extension Secret {
    /// Returns the text with each of the secrets in it masked.
    static func masking(_ secrets: [Secret], in text: String) -> String {
        SecretMask(secrets.map(\.text)).masked(text)
    }
}
