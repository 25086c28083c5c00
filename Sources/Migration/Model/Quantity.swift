/// Numbers and durations in the forms of Kubernetes and KEDA.
enum Quantity {
    private static let suffixes: [(String, Double)] = [
        ("Ki", 1_024), ("Mi", 1_048_576), ("Gi", 1_073_741_824), ("Ti", 1_099_511_627_776),
        ("Pi", 1_125_899_906_842_624), ("Ei", 1_152_921_504_606_846_976), ("n", 1e-9), ("u", 1e-6), ("m", 1e-3),
        ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15), ("E", 1e18),
    ]

    /// Parses a number, or a quantity of Kubernetes such as `500m` and `10Gi`.
    static func number(_ text: String) -> Double? {
        let trimmed = text.trimmed
        if let number = Double(trimmed), number.isFinite, trimmed.utf8.allSatisfy(isNumberByte) { return number }
        for (suffix, factor) in suffixes where trimmed.hasSuffix(suffix) {
            let digits = trimmed.dropLast(suffix.count)
            guard let number = Double(digits), number.isFinite, digits.utf8.allSatisfy(isNumberByte) else { continue }
            // Thousandths are divided, so that 100m is 0.1 exactly.
            return factor < 1 ? number / (1 / factor).rounded() : number * factor
        }
        return nil
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool { "0123456789.+-eE".utf8.contains(byte) }

    /// Parses milliseconds, or a duration of Go such as `5s`.
    static func timeoutSeconds(_ text: String) -> Double? {
        if let milliseconds = Double(text) { return milliseconds / 1_000 }
        return seconds(text)
    }

    private static let units = ["h": 3_600.0, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9]
    private static let days = ["d": 86_400.0, "w": 604_800]

    /// Parses a duration of Go, such as `1m30s` and `500ms`.
    ///
    /// - Parameter withDays: whether days and weeks are units too, such as in `1w2d`.
    static func seconds(_ text: String, withDays: Bool = false) -> Double? {
        var rest = text.trimmed[...]
        var total = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let number = Double(digits),
                let factor = units[String(unit)] ?? (withDays ? days[String(unit)] : nil)
            else { return nil }
            total += number * factor
        }
        return total
    }
}

extension StringProtocol {
    /// The text without blanks at its ends.
    var trimmed: String {
        let isBlank: (Character) -> Bool = \.isWhitespace
        return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }

    /// The parts between separators, without blanks and empty parts.
    func list(_ separator: Character = ",") -> [String] {
        split(separator: separator).map { $0.trimmed }.filter { !$0.isEmpty }
    }
}
