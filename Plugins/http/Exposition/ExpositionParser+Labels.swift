/// Labels as they stand in an answer, not yet read.
struct LabelSlices {
    /// Of a metric whose name stands in the braces.
    var name: ArraySlice<UInt8>?
    var pairs: [(label: String, value: ArraySlice<UInt8>)] = []

    func texts() -> [String: String] {
        Dictionary(pairs.map { ($0.label, ExpositionParser.unescaped($0.value)) }) { first, _ in first }
    }
}

extension ExpositionParser {
    /// Takes `{label="value",...}`; in the text format a comma may follow the last.
    ///
    /// - Parameter mayName: whether the first can be the metric's name, in quotes.
    mutating func labels(mayName: Bool) throws(ExpositionError) -> LabelSlices {
        var labels = LabelSlices()
        index += 1
        skipBlanksInLabels()
        while current != UInt8(ascii: "}") {
            try label(&labels, mayName: mayName)
            skipBlanksInLabels()
            if current == UInt8(ascii: ",") {
                index += 1
                skipBlanksInLabels()
                guard !isOpenMetrics || current != UInt8(ascii: "}") else { throw error("expected a label after ,") }
            } else if current != UInt8(ascii: "}") {
                throw error("expected , or } after a label")
            }
        }
        index += 1
        return labels
    }

    private mutating func label(_ labels: inout LabelSlices, mayName: Bool) throws(ExpositionError) {
        let label: String
        if current == UInt8(ascii: "\"") {
            let quoted = try quoted()
            skipBlanksInLabels()
            if current != UInt8(ascii: "=") {
                guard mayName, labels.name == nil, !quoted.isEmpty else {
                    throw error("expected = after the label")
                }
                labels.name = quoted
                return
            }
            label = Self.unescaped(quoted)
        } else {
            guard let word = word(colons: false) else { throw error("expected the name of a label") }
            label = String(decoding: word, as: UTF8.self)
            skipBlanksInLabels()
        }
        guard current == UInt8(ascii: "=") else { throw error("expected = after the label") }
        index += 1
        skipBlanksInLabels()
        guard current == UInt8(ascii: "\"") else { throw error("expected the label's value in double quotes") }
        let value = try quoted()
        guard labels.pairs.count < HTTPSourceLimits.maxLabels else {
            throw error("a sample has more than \(HTTPSourceLimits.maxLabels) labels")
        }
        guard !labels.pairs.contains(where: { $0.label.utf8.elementsEqual(label.utf8) }) else {
            throw error("a sample has the same label twice")
        }
        labels.pairs.append((label, value))
    }

    private mutating func skipBlanksInLabels() {
        if !isOpenMetrics { skipBlanks() }
    }

    /// Takes a text in double quotes, without them.
    private mutating func quoted() throws(ExpositionError) -> ArraySlice<UInt8> {
        index += 1
        let start = index
        while let byte = current, byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\n") {
                guard !isOpenMetrics else { break }
                line += 1
            }
            index += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        guard current == UInt8(ascii: "\"") else { throw error("a text in quotes has no end") }
        let text = bytes[start..<index]
        index += 1
        guard String(validating: text, as: UTF8.self) != nil else { throw error("a label's value is not UTF-8") }
        return text
    }

    /// An unknown escape stays as it is.
    static func unescaped(_ text: ArraySlice<UInt8>) -> String {
        guard text.contains(UInt8(ascii: "\\")) else { return String(decoding: text, as: UTF8.self) }
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let next = rest.first else {
                bytes.append(byte)
                continue
            }
            switch next {
            case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "\\"), UInt8(ascii: "\""): bytes.append(next)
            default: bytes += [byte, next]
            }
            rest = rest.dropFirst()
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
