/// Reads the text format of Prometheus (0.0.4) and OpenMetrics (1.0), as strictly as Prometheus does: one malformed line
/// makes the whole answer invalid. Beyond Prometheus, a label that a sample has twice is an error here, not only when the
/// sample is stored.
///
/// Source: model/textparse of Prometheus (promlex.l, openmetricslex.l), and
/// https://github.com/prometheus/docs/blob/main/content/docs/instrumenting/exposition_formats.md
struct ExpositionParser {
    let bytes: [UInt8]
    let isOpenMetrics: Bool
    var index = 0
    var line = 1

    init(_ bytes: [UInt8], isOpenMetrics: Bool) {
        self.bytes = bytes
        self.isOpenMetrics = isOpenMetrics
    }

    /// Checks the whole answer, and hands on the samples of one name.
    ///
    /// - Throws: ``ExpositionError``, and what the body throws.
    mutating func eachSample(named name: String, _ body: (ExpositionSample) throws -> Void) throws {
        while true {
            let start = index
            if !isOpenMetrics { skipBlanks() }
            switch current {
            case nil:
                guard !isOpenMetrics else { throw error("the answer does not end with # EOF") }
                return
            case UInt8(ascii: "\n"):
                guard !isOpenMetrics else { throw error("OpenMetrics has no empty lines") }
                endLine()
            case UInt8(ascii: "#"):
                guard try comment() else { return }
            default:
                guard index == start else { throw error("a sample begins at the start of its line") }
                if let sample = try sample(named: name) { try body(sample) }
            }
        }
    }

    // MARK: Samples

    /// Takes a line; returns nil if the sample has another name.
    private mutating func sample(named name: String) throws(ExpositionError) -> ExpositionSample? {
        var found: ArraySlice<UInt8>?
        let isQuoted = current == UInt8(ascii: "{")
        if !isQuoted {
            found = word(colons: true)
            guard found != nil else { throw error("expected the name of a metric") }
        }
        if !isOpenMetrics { skipBlanks() }
        var labels = LabelSlices()
        if current == UInt8(ascii: "{") {
            labels = try self.labels(mayName: isQuoted)
            if isQuoted { found = labels.name }
        }
        guard let found else { throw error("expected the name of a metric in the braces") }
        let sampleLine = line
        let value = try value()
        let microseconds = try timestamp()
        if isOpenMetrics { try exemplar() }
        guard takeLineEnd() else { throw error("expected the end of the line after the value and its time") }
        let isWanted =
            isQuoted ? Self.unescaped(found) == name : found.elementsEqual(name.utf8)
        guard isWanted else { return nil }
        return ExpositionSample(
            labels: labels.texts(), value: value, microseconds: microseconds, line: sampleLine)
    }

    private mutating func value() throws(ExpositionError) -> Double {
        try separate()
        let text = token()
        guard let value = GoFloat.value(of: text) else { throw error("expected a number as the value") }
        return value
    }

    /// Takes the time of a sample, if it has one: whole milliseconds, in OpenMetrics seconds.
    private mutating func timestamp() throws(ExpositionError) -> Int64? {
        let start = index
        if isOpenMetrics {
            guard current == UInt8(ascii: " ") else { return nil }
            index += 1
            guard current != UInt8(ascii: "#") else {
                index = start
                return nil
            }
        } else {
            skipBlanks()
        }
        let text = token()
        guard !text.isEmpty else {
            guard !isOpenMetrics else { throw error("expected a time after the blank") }
            return nil
        }
        if isOpenMetrics {
            guard let seconds = GoFloat.value(of: text), let time = Int64(exactly: (seconds * 1e6).rounded()) else {
                throw error("expected a time in seconds")
            }
            return time
        }
        guard text.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let milliseconds = Int64(String(decoding: text, as: UTF8.self))
        else {
            throw error("expected a time in whole milliseconds")
        }
        let time = milliseconds.multipliedReportingOverflow(by: 1_000)
        guard !time.overflow else { throw error("the time is out of range") }
        return time.partialValue
    }

    /// Takes ` # {labels} value time` of OpenMetrics, if it is there.
    private mutating func exemplar() throws(ExpositionError) {
        guard take(" # ") else { return }
        guard current == UInt8(ascii: "{") else { throw error("expected { after #") }
        _ = try labels(mayName: false)
        _ = try value()
        _ = try timestamp()
    }

    // MARK: Characters

    var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || byte == 0x09 { index += 1 }
    }

    /// Takes what stands between a name and a value: in OpenMetrics one blank, otherwise any or, after a brace, none.
    private mutating func separate() throws(ExpositionError) {
        if isOpenMetrics {
            guard take(" ") else { throw error("expected one blank before the value") }
        } else {
            skipBlanks()
        }
    }

    mutating func take(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard index + length <= bytes.count else { return false }
        for offset in 0..<length where bytes[index + offset] != text.utf8Start[offset] { return false }
        index += length
        return true
    }

    /// Takes what goes up to the next blank or the end of the line.
    private mutating func token() -> ArraySlice<UInt8> {
        let start = index
        while let byte = current, byte != 0x20, byte != 0x0A, isOpenMetrics || byte != 0x09 && byte != UInt8(ascii: "{")
        {
            index += 1
        }
        return bytes[start..<index]
    }

    /// Takes a name of a metric or a label, or nothing.
    mutating func word(colons: Bool) -> ArraySlice<UInt8>? {
        let start = index
        while let byte = current {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
                index += 1
            case UInt8(ascii: "0")...UInt8(ascii: "9") where index > start: index += 1
            case UInt8(ascii: ":") where colons: index += 1
            default: return index > start ? bytes[start..<index] : nil
            }
        }
        return index > start ? bytes[start..<index] : nil
    }

    mutating func takeLineEnd() -> Bool {
        if !isOpenMetrics { skipBlanks() }
        guard let byte = current else { return !isOpenMetrics }
        guard byte == UInt8(ascii: "\n") else { return false }
        endLine()
        return true
    }

    mutating func endLine() {
        index += 1
        line += 1
    }

    func error(_ message: String) -> ExpositionError { ExpositionError(message: message, line: line) }
}
