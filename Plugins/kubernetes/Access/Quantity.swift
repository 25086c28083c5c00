/// A number of Kubernetes, such as `250m`, `1.5Gi` or `2e3`.
///
/// Source: k8s.io/apimachinery/pkg/api/resource, the grammar in the documentation of `Quantity`. Kubernetes rounds what is
/// smaller than a billionth up, and limits large numbers to 2^63 - 1; here they are what is written.
enum Quantity {
    /// Longer texts are not quantities: 2^63 in nanounits has 28 digits.
    static let maxBytes = 64

    private static let decimalExponents: [Substring: Int] = [
        "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
    ]
    private static let binaryExponents: [Substring: Int] = [
        "Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60,
    ]

    /// Returns nil if the text is not a quantity, or is larger than the largest number.
    static func value(_ text: String) -> Double? {
        guard !text.isEmpty, text.utf8.count <= maxBytes else { return nil }
        let signed = text[...]
        let unsigned = signed.first == "+" || signed.first == "-" ? signed.dropFirst() : signed
        let number = unsigned.prefix { $0.isASCIIDigit || $0 == "." }
        let digits = number.split(separator: ".", omittingEmptySubsequences: false)
        guard digits.count <= 2, digits.contains(where: { !$0.isEmpty }) else { return nil }
        let whole = digits[0].isEmpty ? "0" : digits[0]
        let fraction = digits.count == 2 && !digits[1].isEmpty ? digits[1] : "0"
        let mantissa = "\(signed.first == "-" ? "-" : "")\(whole).\(fraction)"
        guard let value = value(mantissa, suffix: unsigned[number.endIndex...]), value.isFinite else { return nil }
        // Not -0, which is printed as such.
        return value == 0 ? 0 : value
    }

    private static func value(_ mantissa: String, suffix: Substring) -> Double? {
        // Scaled as text, so that 0.1m is the number nearest to 0.0001.
        if let exponent = decimalExponents[suffix] { return Double("\(mantissa)e\(exponent)") }
        // A power of two loses nothing.
        if let exponent = binaryExponents[suffix] {
            return Double(mantissa).map { $0 * Double(UInt64(1) << UInt64(exponent)) }
        }
        guard let mark = suffix.first, mark == "e" || mark == "E" else { return nil }
        let exponent = suffix.dropFirst()
        let digits = exponent.first == "+" || exponent.first == "-" ? exponent.dropFirst() : exponent
        guard !digits.isEmpty, digits.allSatisfy(\.isASCIIDigit) else { return nil }
        return Double("\(mantissa)e\(exponent)")
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isWholeNumber }
}
