extension ExpositionParser {
    private static let textTypes = ["counter", "gauge", "histogram", "summary", "untyped"]
    private static let openMetricsTypes = [
        "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset", "unknown",
    ]

    /// Takes a line that begins with `#`; returns false at `# EOF`.
    mutating func comment() throws(ExpositionError) -> Bool {
        if isOpenMetrics {
            if take("# EOF") {
                _ = takeLineEnd()
                guard index == bytes.count else { throw error("there is text after # EOF") }
                return false
            }
            guard let keyword = openMetricsKeyword() else {
                throw error("a comment of OpenMetrics is # HELP, # TYPE, # UNIT or # EOF")
            }
            try metadata(keyword)
            return true
        }
        index += 1
        let start = index
        skipBlanks()
        guard index > start, let keyword = textKeyword() else {
            skipText()
            _ = takeLineEnd()
            return true
        }
        try metadata(keyword)
        return true
    }

    private enum Keyword { case help, type, unit }

    private mutating func openMetricsKeyword() -> Keyword? {
        if take("# HELP ") { return .help }
        if take("# TYPE ") { return .type }
        return take("# UNIT ") ? .unit : nil
    }

    private mutating func textKeyword() -> Keyword? {
        let keyword: Keyword
        if take("HELP ") || take("HELP\t") {
            keyword = .help
        } else if take("TYPE ") || take("TYPE\t") {
            keyword = .type
        } else {
            return nil
        }
        skipBlanks()
        return keyword
    }

    private mutating func metadata(_ keyword: Keyword) throws(ExpositionError) {
        let name: ArraySlice<UInt8>
        if current == UInt8(ascii: "\"") {
            name = try quotedName()
        } else {
            guard let word = word(colons: true) else { throw error("expected the name of a metric after the keyword") }
            name = word
        }
        let start = index
        skipText()
        let written = bytes[start..<index]
        guard !isOpenMetrics || written.first == UInt8(ascii: " ") else {
            throw error("expected one blank after the metric's name")
        }
        guard written.first.map({ $0 == 0x20 || $0 == 0x09 }) ?? true else {
            throw error("the name of a metric may contain only letters, digits, _ and :")
        }
        let text = written.dropFirst()
        switch keyword {
        case .help:
            guard String(validating: text, as: UTF8.self) != nil else { throw error("the help text is not UTF-8") }
        case .type:
            let types = isOpenMetrics ? Self.openMetricsTypes : Self.textTypes
            guard types.contains(where: { text.elementsEqual($0.utf8) }) else {
                throw error("unknown type of a metric; known are \(types.joined(separator: ", "))")
            }
        case .unit:
            let ending = [UInt8(ascii: "_")] + text
            guard text.isEmpty || name.suffix(ending.count).elementsEqual(ending) else {
                throw error("the name of a metric ends with _ and its unit")
            }
        }
        guard takeLineEnd() else { throw error("expected the end of the line") }
    }

    private mutating func quotedName() throws(ExpositionError) -> ArraySlice<UInt8> {
        index += 1
        let start = index
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\n") {
            index += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        guard current == UInt8(ascii: "\""), String(validating: bytes[start..<index], as: UTF8.self) != nil else {
            throw error("a name in quotes has no end or is not UTF-8")
        }
        defer { index += 1 }
        return bytes[start..<index]
    }

    private mutating func skipText() {
        while let byte = current, byte != UInt8(ascii: "\n") { index += 1 }
    }
}
