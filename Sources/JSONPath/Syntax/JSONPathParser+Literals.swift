import WireFormats

extension JSONPathParser {
    /// Takes a text in single or double quotes.
    mutating func stringLiteral() throws(JSONPathSyntaxError) -> String {
        let start = index
        let quote = scalars[index]
        index += 1
        var text = String.UnicodeScalarView()
        while let scalar = current {
            index += 1
            if scalar == quote { return String(text) }
            if scalar == "\\" {
                text.append(try escaped(quote))
            } else if scalar.value < 0x20 {
                throw error("a control character in a string is written as an escape", at: index - 1)
            } else {
                text.append(scalar)
            }
        }
        throw error("the string has no end", at: start)
    }

    private mutating func escaped(_ quote: Unicode.Scalar) throws(JSONPathSyntaxError) -> Unicode.Scalar {
        let start = index
        guard let scalar = current else { throw error("the string ends after \\") }
        index += 1
        switch scalar {
        case quote, "/", "\\": return scalar
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u":
            let unit = try hexadecimal()
            if let scalar = Unicode.Scalar(unit) { return scalar }
            guard UTF16.isLeadSurrogate(UInt16(unit)), take("\\"), take("u") else {
                throw error("a half of a surrogate pair stands alone", at: start)
            }
            let second = try hexadecimal()
            guard UTF16.isTrailSurrogate(UInt16(second)),
                let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (second - 0xDC00))
            else { throw error("a half of a surrogate pair stands alone", at: start) }
            return scalar
        default: throw error("unknown escape", at: start)
        }
    }

    private mutating func hexadecimal() throws(JSONPathSyntaxError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let scalar = current, scalar.isASCII, let digit = Character(scalar).hexDigitValue else {
                throw error("expected four hexadecimal digits")
            }
            unit = unit << 4 | UInt32(digit)
            index += 1
        }
        return unit
    }

    mutating func numberLiteral() throws(JSONPathSyntaxError) -> JSON {
        let start = index
        _ = take("-")
        let whole = digits()
        guard !whole.isEmpty else { throw error("expected a digit") }
        guard whole.first != "0" || whole.count == 1 else { throw error("a number has no 0 at its front", at: start) }
        var isWhole = true
        if take(".") {
            isWhole = false
            guard !digits().isEmpty else { throw error("expected a digit after the decimal point") }
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("-") { _ = take("+") }
            guard !digits().isEmpty else { throw error("expected a digit in the exponent") }
        }
        let text = text(start..<index)
        if isWhole, let number = Int64(text) { return .integer(number) }
        guard let number = Double(text) else { throw error("this number cannot be read", at: start) }
        return .number(number)
    }
}
