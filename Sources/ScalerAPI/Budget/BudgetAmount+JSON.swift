package import Scaling
package import WireFormats

extension BudgetAmount {
    private static let suffixes: [(suffix: String, factor: Double)] = [
        ("Ki", 0x1p10), ("Mi", 0x1p20), ("Gi", 0x1p30), ("Ti", 0x1p40), ("Pi", 0x1p50),
        ("m", 1e-3), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15),
    ]

    /// Reads a number or a quantity of Kubernetes, such as `0.1`, `16`, `"500m"` and `"64Gi"`.
    package init(_ reader: JSONReader) throws(JSONPathError) {
        let units: Double?
        switch reader.value {
        case .string(let text): units = Self.units(text)
        default: units = try reader.double()
        }
        guard let units, let amount = BudgetAmount(units) else {
            throw reader.error("must be a number of at least 0, or a quantity such as \"500m\" or \"64Gi\"")
        }
        guard amount > .zero || units == 0 else { throw reader.error("must be 0 or at least 0.000001") }
        self = amount
    }

    /// Reads a quantity in an object that Kubernetes has checked; nil if it is malformed.
    package init?(quantity: JSON) {
        guard let amount = try? BudgetAmount(JSONReader(quantity)) else { return nil }
        self = amount
    }

    private static func units(_ text: String) -> Double? {
        let (suffix, factor) = suffixes.first { text.hasSuffix($0.suffix) } ?? ("", 1)
        let number = text.dropLast(suffix.utf8.count)
        // No spaces, hexadecimal digits, "inf" or "nan", which Double accepts.
        guard number.utf8.allSatisfy({ "0123456789.eE+-".utf8.contains($0) }) else { return nil }
        return Double(number).map { $0 * factor }
    }
}
