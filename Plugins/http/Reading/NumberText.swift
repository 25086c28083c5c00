import PluginSDK
import SourceSupport

/// A text in the place of a number.
enum NumberText: Equatable {
    case finite(Double)
    /// NaN or an infinity, as some programs write them, or a number that is too large.
    case notFinite(String)
    case none

    /// Of a text with a number, blanks around it included.
    static let maxBytes = 512

    /// A decimal number as JSON has it, or with a plus sign, or without a digit on one side of the point.
    init(_ text: String) {
        let bytes = text.utf8.drop { Self.isBlank($0) }.reversed().drop { Self.isBlank($0) }.reversed()
        let word = String(decoding: bytes, as: UTF8.self)
        let unsigned = word.first.map { "+-".contains($0) } == true ? word.dropFirst() : word[...]
        guard word.utf8.count <= Self.maxBytes else {
            self = .none
            return
        }
        if ["nan", "inf", "infinity"].contains(unsigned.lowercased()) {
            self = .notFinite(word)
        } else if Self.isDecimal(unsigned), let value = Double(word) {
            self = value.isFinite ? .finite(value) : .notFinite(word)
        } else {
            self = .none
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || 0x9...0xD ~= byte }

    private static func isDecimal(_ text: Substring) -> Bool {
        var rest = text.utf8[...]
        func digits() -> Int {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            rest = rest.dropFirst(digits.count)
            return digits.count
        }
        var count = digits()
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            count += digits()
        }
        guard count > 0 else { return false }
        guard let exponent = rest.first else { return true }
        guard exponent | 0x20 == UInt8(ascii: "e") else { return false }
        rest = rest.dropFirst()
        if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest = rest.dropFirst() }
        return digits() > 0 && rest.isEmpty
    }

    /// - Parameters:
    ///   - what: what the text is, for the message.
    ///   - path: the config field that selects it.
    func value(_ what: String, path: String) throws(PluginError) -> Double {
        switch self {
        case .finite(let value): return value
        case .notFinite(let text):
            throw PluginError(
                .sourceUnreachable,
                "\(what) is \(Quoting.shortened(text)), which is not a number to scale on: correct the server, or select "
                    + "another value",
                path: path)
        case .none: throw PluginError(.configInvalid, "\(what) is not a number: select one that is", path: path)
        }
    }
}
