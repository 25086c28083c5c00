import Scaling

/// The possible meanings of a number with commas and points.
enum NumberText: Equatable {
    /// No comma, and a point before the decimals or none: `1.5e+02`.
    case plain(Double)
    /// The comma can only be a decimal mark: `150,5`, `1.161,5`.
    case decimalComma(Double)
    /// The commas can only separate groups of three digits: `1,161.5`, `1,161,000`.
    case grouped(Double)
    /// Ambiguous: `1,161` has a decimal comma, or separates thousands.
    case ambiguous(decimalComma: Double, grouped: Double)

    /// Words that exports write for a missing value.
    private static let absent: Set<String> = [
        "", "-", "null", "undefined", "nan", "n/a", "#n/a", "na", "nil", "none", "no data", "inf", "+inf", "-inf",
        "infinity", "+infinity", "-infinity",
    ]

    static func isAbsent(_ text: Substring) -> Bool {
        text.count <= 9 && absent.contains(text.lowercased())
    }

    /// Returns whether the text is a number followed by a unit.
    static func hasUnit(_ text: Substring) -> Bool {
        let number = text.prefix { "+-.,0123456789".contains($0) }
        return number.contains(where: \.isNumber) && !number.hasSuffix("-") && number.endIndex != text.endIndex
    }

    /// Parses a number; returns nil if the text is not one.
    init?(_ text: Substring) {
        guard text.utf8.allSatisfy(Self.isOfNumber) else { return nil }
        guard text.utf8.contains(UInt8(ascii: ",")) else {
            guard let value = Double(text) else { return nil }
            self = .plain(value)
            return
        }
        let sign = text.first.flatMap { "+-".contains($0) ? String($0) : nil } ?? ""
        let unsigned = text.dropFirst(sign.count)
        let mantissa = unsigned.prefix { $0 != "e" && $0 != "E" }
        let exponent = unsigned[mantissa.endIndex...]
        guard exponent.isEmpty || Self.isExponent(exponent.dropFirst()) else { return nil }
        func number(_ whole: some StringProtocol, _ decimals: some StringProtocol) -> Double? {
            Double("\(sign)\(whole.isEmpty ? "0" : "\(whole)").\(decimals.isEmpty ? "0" : "\(decimals)")\(exponent)")
        }
        let (commas, points) = (mantissa.split(separator: ",", omittingEmptySubsequences: false), mantissa.parts("."))
        switch (commas.count, points.count) {
        case (2, 1):
            guard !commas[1].isEmpty, let decimal = number(commas[0], commas[1]) else { return nil }
            if exponent.isEmpty, Self.areGroups(commas), let whole = number(commas.joined(), "") {
                self = .ambiguous(decimalComma: decimal, grouped: whole)
            } else {
                self = .decimalComma(decimal)
            }
        case (2, 2...):
            let groups = commas[0].parts(".")
            if groups.count == points.count, Self.areGroups(groups), let value = number(groups.joined(), commas[1]) {
                self = .decimalComma(value)
                return
            }
            fallthrough
        case (2..., 1...2):
            let groups = points[0].parts(",")
            guard groups.count == commas.count, Self.areGroups(groups),
                let value = number(groups.joined(), points.count == 2 ? points[1] : "")
            else { return nil }
            self = .grouped(value)
        default: return nil
        }
    }

    private static func isOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: ","), UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    private static func isExponent(_ text: Substring) -> Bool {
        let digits = text.first.map { "+-".contains($0) } == true ? text.dropFirst() : text
        return !digits.isEmpty && digits.allSatisfy(\.isNumber)
    }

    /// Whether the first group has one to three digits without a leading 0, and each further group has three.
    private static func areGroups(_ groups: [Substring]) -> Bool {
        guard let first = groups.first, (1...3).contains(first.count), first.first != "0" else { return false }
        return groups.dropFirst().allSatisfy { $0.count == 3 } && groups.allSatisfy { $0.allSatisfy(\.isNumber) }
    }
}

extension Substring {
    fileprivate func parts(_ separator: Character) -> [Substring] {
        split(separator: separator, omittingEmptySubsequences: false)
    }
}

/// The number format of a file, inferred from its numbers.
///
/// A comma is a decimal comma, or it separates thousands; no file does both. A file in which every number is ambiguous,
/// such as `1,161`, is refused.
struct NumberStyle {
    private struct Example {
        let text: String
        let line: Int
    }

    /// Whether semicolons separate the cells: spreadsheets write them where the comma is the decimal mark.
    private let hasSemicolons: Bool
    private var decimalComma: Example?
    /// A number that has a decimal point, or commas between groups of digits.
    private var decimalPoint: Example?

    init(hasSemicolons: Bool = false) {
        self.hasSemicolons = hasSemicolons
    }

    /// Updates the style with the evidence of one number.
    mutating func learn(from text: Substring, line: Int) {
        switch NumberText(text) {
        case .decimalComma?: if decimalComma == nil { decimalComma = Example(text: String(text), line: line) }
        case .grouped?: if decimalPoint == nil { decimalPoint = Example(text: String(text), line: line) }
        case .plain?:
            if decimalPoint == nil, text.contains("."), !Self.mayHaveThousands(text) {
                decimalPoint = Example(text: String(text), line: line)
            }
        case .ambiguous?, nil: break
        }
    }

    /// "1.161" is a number in thousands if the comma is the decimal mark.
    private static func mayHaveThousands(_ text: Substring) -> Bool {
        text.contains(".") && NumberText(Substring(text.replacing(".", with: ","))).map(\.isAmbiguous) ?? false
    }

    /// Parses a number in the style of the file; returns nil if the text is not a number.
    ///
    /// - Throws: ``TraceError`` if the style of the file is ambiguous or inconsistent.
    func number(_ text: Substring, at place: TracePlace) throws(TraceError) -> Double? {
        switch (NumberText(text), decimalComma, decimalPoint) {
        case (nil, _, _): return nil
        case (.plain(let value)?, nil, nil) where hasSemicolons && Self.mayHaveThousands(text):
            throw place.error(
                "\(text.quoted) is ambiguous in a file with semicolons: with a decimal point it is \(value.shortText), with "
                    + "a point between thousands \((value * 1000).shortText). Separate the cells with commas or tabs")
        case (.plain(let value)?, nil, _): return value
        case (.plain(let value)?, let comma?, _):
            if !text.contains(".") { return value }
            throw place.error(
                "\(text.quoted) has a point, while \(comma.text.quoted) in line \(comma.line) has a decimal comma")
        case (.decimalComma?, _, let point?):
            throw place.error(
                "\(text.quoted) has a decimal comma, while \(point.text.quoted) in line \(point.line) has a decimal point"
            )
        case (.decimalComma(let value)?, _, nil): return value
        case (.grouped?, let comma?, _):
            throw place.error(
                "\(text.quoted) has commas between thousands, while \(comma.text.quoted) in line \(comma.line) has a "
                    + "decimal comma")
        case (.grouped(let value)?, nil, _): return value
        case (.ambiguous(let decimal, _)?, .some, nil): return decimal
        case (.ambiguous(_, let grouped)?, nil, .some): return grouped
        case (.ambiguous(let decimal, let grouped)?, _, _):
            throw place.error(
                "\(text.quoted) is ambiguous: with a decimal comma it is \(decimal.shortText), with a comma "
                    + "between thousands \(grouped.shortText). Write it with a decimal point and without other separators"
            )
        }
    }
}

extension NumberText {
    fileprivate var isAmbiguous: Bool {
        guard case .ambiguous = self else { return false }
        return true
    }
}
