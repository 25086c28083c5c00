package import Scaling

extension BudgetAmount {
    /// Longer texts are not quantities: 2^63 in nanounits has 28 digits.
    private static let maxQuantityBytes = 64
    /// Digits after the decimal point beyond this precision are rounded up.
    private static let precision: Int128 = 1_000_000_000_000_000_000
    /// The largest magnitude of an exponent that makes a difference within the bounds of amounts.
    private static let maxExponent = 128

    private static let decimalExponents: [Substring: Int] = [
        "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
    ]
    private static let binaryExponents: [Substring: Int] = [
        "Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60,
    ]

    /// Reads a quantity of Kubernetes, such as `250m`, `1.5Gi` or `2e3`, exactly; what is smaller than a millionth is
    /// rounded up.
    ///
    /// Source: k8s.io/apimachinery/pkg/api/resource, the grammar in the documentation of `Quantity`.
    ///
    /// - Returns: nil if the text is not a quantity, is negative, or is greater than ``largest``.
    package init?(quantity text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.maxQuantityBytes else { return nil }
        let unsigned = text.first == "+" ? text.dropFirst() : text[...]
        let number = unsigned.prefix { $0.isASCIIDigit || $0 == "." }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.contains(where: { !$0.isEmpty }),
            let suffix = Self.exponents(of: unsigned[number.endIndex...])
        else { return nil }
        var digits: Int128 = 0
        for digit in parts[0].utf8 {
            let (product, isTooLarge) = digits.multipliedReportingOverflow(by: 10)
            guard !isTooLarge, product <= Int128.max - 9 else { return nil }
            digits = product + Int128(digit - UInt8(ascii: "0"))
        }
        var exponent = suffix.decimal + 6
        var isRounded = false
        for digit in parts.dropFirst().first?.utf8 ?? Substring().utf8 {
            guard digits < Self.precision else {
                if digit != UInt8(ascii: "0") { isRounded = true }
                continue
            }
            digits = digits * 10 + Int128(digit - UInt8(ascii: "0"))
            exponent -= 1
        }
        var (scaled, isTooLarge) = digits.multipliedReportingOverflow(by: 1 << Int128(suffix.binary))
        while exponent > 0, scaled > 0, !isTooLarge {
            (scaled, isTooLarge) = scaled.multipliedReportingOverflow(by: 10)
            exponent -= 1
        }
        guard !isTooLarge else { return nil }
        while exponent < 0, scaled > 0 {
            if scaled % 10 != 0 { isRounded = true }
            scaled /= 10
            exponent += 1
        }
        let amount = BudgetAmount(millionths: scaled + (isRounded ? 1 : 0))
        guard amount <= .largest else { return nil }
        self = amount
    }

    private static func exponents(of suffix: Substring) -> (decimal: Int, binary: Int)? {
        if let exponent = decimalExponents[suffix] { return (exponent, 0) }
        if let exponent = binaryExponents[suffix] { return (0, exponent) }
        guard let mark = suffix.first, mark == "e" || mark == "E" else { return nil }
        let exponent = suffix.dropFirst()
        let digits = exponent.first == "+" || exponent.first == "-" ? exponent.dropFirst() : exponent
        guard !digits.isEmpty, digits.allSatisfy(\.isASCIIDigit) else { return nil }
        let magnitude = min(Int(digits) ?? maxExponent, maxExponent)
        return (exponent.first == "-" ? -magnitude : magnitude, 0)
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isWholeNumber }
}
