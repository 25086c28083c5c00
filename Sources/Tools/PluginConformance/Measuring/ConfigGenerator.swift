import PluginProtocol
import WireFormats

/// Generates malformed configs, deterministically for a seed.
struct ConfigGenerator {
    /// The maximum size; larger configs are reduced.
    private static let maxBytes = ProtocolLimits.maxRequestBytes / 2
    private static let maxDepth = 24
    private static let maxText = 4_096

    private var random: SplitMix64
    private let config: JSON
    private let keys: [String]

    init(seed: UInt64, config: JSON, schema: JSON) {
        random = SplitMix64(state: seed)
        self.config = config
        keys = (schema["properties"]?.objectValue ?? [:]).keys.sorted() + (config.objectValue ?? [:]).keys.sorted()
    }

    mutating func flip() -> Bool { Bool.random(using: &random) }

    /// Returns an object, usually the valid config with some members changed.
    mutating func next() -> JSON {
        var result: JSON = Int.random(in: 0..<8, using: &random) == 0 ? [:] : config
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let key = keys.randomElement(using: &random) ?? "x"
            switch Int.random(in: 0..<6, using: &random) {
            case 0: result = result.setting(key, to: nil)
            case 1: result = result.setting(text(), to: value(depth: 0))
            default: result = result.setting(key, to: value(depth: 0))
            }
        }
        return result.encoded(escapesNonASCII: true).count <= Self.maxBytes ? result : [:]
    }

    private mutating func value(depth: Int) -> JSON {
        switch Int.random(in: 0..<9, using: &random) {
        case 0: return .null
        case 1: return .bool(flip())
        case 2: return .integer([.min, -1, 0, 1, 1 << 53, .max].randomElement(using: &random) ?? 0)
        case 3:
            return .number([-0.0, 1e-308, 1.5, 1e308, .pi, -1e21].randomElement(using: &random) ?? 0)
        case 4 where depth < Self.maxDepth:
            return .array((0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth: depth + 1) })
        case 5 where depth < Self.maxDepth:
            return .object([text(): value(depth: depth + 1)])
        case 6: return deep()
        default: return .string(text())
        }
    }

    /// Returns deeply nested arrays, which readers often fail to handle.
    private mutating func deep() -> JSON {
        (0..<Int.random(in: 1...Self.maxDepth, using: &random)).reduce(.null) { inner, _ in .array([inner]) }
    }

    private mutating func text() -> String {
        let pieces = [
            "", " ", "a", "0", "-1", "null", "\u{0}", "\n", "\r\n", "\t", "\"", "\\", "/", "../..", "http://[", "{}",
            "%s%n", "$(id)", "é", "\u{2028}", "\u{85}", "\u{FEFF}", "\u{1F40B}", "\u{10FFFF}", "e\u{301}",
        ]
        if Int.random(in: 0..<12, using: &random) == 0 {
            return String(repeating: pieces.randomElement(using: &random) ?? "", count: Self.maxText / 4)
        }
        return (0..<Int.random(in: 0...4, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
            .joined()
    }
}

/// A random number generator with a seed.
///
/// Source: G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
