/// Splits a formula into tokens.
struct FormulaLexer {
    enum Token: Sendable, Hashable {
        case number(Double)
        case name(String, isQuoted: Bool)
        /// An operator, a parenthesis or a comma.
        case symbol(String)
        case end
    }

    let text: String
    private let bytes: [UInt8]
    private(set) var position = 0

    /// Seconds of each unit of time, by its name.
    private static let units: [(name: String, seconds: Double)] = [
        ("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1), ("ms", 0.001),
    ]
    private static let unitNames = units.map(\.name).joined(separator: ", ")
    /// The longer ones first.
    private static let symbols = [
        "??", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "(", ")", ",",
    ]
    /// Spellings of other languages, with what to write here.
    private static let foreign = [
        ("&&", "and"), ("||", "or"), ("!", "not"), ("=", "=="), ("?", "if(condition, a, b), or ?? for no data"),
    ]

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    func error(_ message: String, at offset: Int) -> FormulaError { FormulaError(message, at: offset, in: text) }

    /// Returns the next token and its place in bytes.
    mutating func next() throws(FormulaError) -> (token: Token, range: Range<Int>) {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
        let start = position
        guard start < bytes.count else { return (.end, start..<start) }
        let byte = bytes[start]
        let token: Token
        if Self.isDigit(byte) {
            token = .number(try number())
        } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
            token = .name(try quotedName(byte), isQuoted: true)
        } else if Self.isNameByte(byte), byte != UInt8(ascii: ".") {
            token = .name(taking(Self.isNameByte), isQuoted: false)
        } else {
            token = .symbol(try symbol())
        }
        return (token, start..<position)
    }

    private mutating func taking(_ isTaken: (UInt8) -> Bool) -> String {
        let start = position
        while position < bytes.count, isTaken(bytes[position]) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func quotedName(_ quote: UInt8) throws(FormulaError) -> String {
        let start = position
        position += 1
        let name = taking { $0 != quote }
        guard position < bytes.count else { throw error("the quote is not closed", at: start) }
        position += 1
        return name
    }

    private mutating func symbol() throws(FormulaError) -> String {
        let rest = bytes[position...]
        if let symbol = Self.symbols.first(where: { rest.starts(with: $0.utf8) }) {
            position += symbol.utf8.count
            return symbol
        }
        for (symbol, meant) in Self.foreign where rest.starts(with: symbol.utf8) {
            throw error("\(symbol) is not an operator here: write \(meant)", at: position)
        }
        if rest.first == UInt8(ascii: ".") {
            throw error("a number begins with a digit, such as 0.5", at: position)
        }
        throw error("unexpected \(Self.shown(String(decoding: rest, as: UTF8.self)))", at: position)
    }

    /// The first character of a text, as a message may show it.
    private static func shown(_ text: String) -> String {
        guard let scalar = text.unicodeScalars.first else { return "end" }
        if scalar.value > 0x20, scalar.value < 0x7F { return "\"\(scalar)\"" }
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "character U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)"
    }

    // MARK: Numbers

    /// Reads a number such as `1.5` or `2e3`, or a duration in seconds such as `1.5h` or `1h30m`.
    private mutating func number() throws(FormulaError) -> Double {
        let start = position
        let first = try digits()
        guard position < bytes.count, Self.isNameByte(bytes[position]) else { return first }
        var (total, value, last) = (0.0, first, -1)
        while true {
            let unitStart = position
            let name = taking { Self.isNameByte($0) && !Self.isDigit($0) && $0 != UInt8(ascii: ".") }
            guard let unit = Self.units.firstIndex(where: { $0.name == name }) else {
                throw error(
                    "unknown unit \"\(name.prefix(16))\"; units of time: \(Self.unitNames). The name of a metric that "
                        + "begins with a digit is written in quotes", at: unitStart)
            }
            guard unit > last else { throw error("a duration has its units in order, such as 1h30m", at: unitStart) }
            last = unit
            total += name == "ms" ? value / 1_000 : value * Self.units[unit].seconds
            guard position < bytes.count, Self.isDigit(bytes[position]) else { break }
            value = try digits()
        }
        guard position == bytes.count || !Self.isNameByte(bytes[position]) else {
            throw error("unexpected \(Self.shown(String(decoding: bytes[position...], as: UTF8.self)))", at: position)
        }
        guard total.isFinite else { throw error("the number is too large", at: start) }
        return total
    }

    private mutating func digits() throws(FormulaError) -> Double {
        let start = position
        var text = taking(Self.isDigit)
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            let fraction = taking(Self.isDigit)
            guard !fraction.isEmpty else { throw error("digits are missing after the decimal point", at: position) }
            text += "." + fraction
        }
        text += exponent() ?? ""
        guard let value = Double(text), value.isFinite else { throw error("the number is too large", at: start) }
        return value
    }

    /// Reads `e3` or `E-3`; nil, and nothing is read, if there is none.
    private mutating func exponent() -> String? {
        guard position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") else { return nil }
        let signs = [UInt8(ascii: "+"), UInt8(ascii: "-")]
        let hasSign = position + 1 < bytes.count && signs.contains(bytes[position + 1])
        let start = position + (hasSign ? 2 : 1)
        guard start < bytes.count, Self.isDigit(bytes[start]) else { return nil }
        let sign = hasSign && bytes[position + 1] == UInt8(ascii: "-") ? "-" : ""
        position = start
        return "e\(sign)\(taking(Self.isDigit))"
    }
}
