public import WireFormats

/// A text that must not be seen: a password, a token, a key.
///
/// However it is printed, interpolated, dumped or encoded, it reads `***`. Only ``reveal()`` gives the text.
public struct Secret: Sendable, Hashable {
    private let text: String

    public init(_ text: String) {
        self.text = text
    }

    /// Returns the text itself, for the one place that sends it to the source.
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
