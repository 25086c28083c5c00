import WireFormats

/// Finds the lines that the fields of a JSON text stand on. The text is known to be valid.
struct JSONPositions {
    /// By path such as `spec.metrics[0].type`, from 1.
    private(set) var lines: [String: Int] = [:]
    private var rest: ArraySlice<UInt8>
    private var line: Int

    /// - Parameter line: the one that the text begins on.
    init(_ text: ArraySlice<UInt8>, line: Int) {
        rest = text
        self.line = line
    }

    /// - Throws: if a name is repeated, since one of its values would be lost.
    mutating func read() throws(YAMLDocument.Failure) {
        try value("")
    }

    private mutating func value(_ path: String) throws(YAMLDocument.Failure) {
        skipBlanks()
        lines[path] = line
        switch rest.first {
        case UInt8(ascii: "{"): try object(path)
        case UInt8(ascii: "["): try array(path)
        case UInt8(ascii: "\""): _ = string()
        default:
            while let byte = rest.first, !",]} \t\r\n".utf8.contains(byte) { rest.removeFirst() }
        }
    }

    private mutating func object(_ path: String) throws(YAMLDocument.Failure) {
        var names: Set<String> = []
        while hasAnother(closing: UInt8(ascii: "}")) {
            let start = line
            let name = string()
            guard names.insert(name).inserted else {
                let shown = name.unicodeScalars.prefix(64).map(String.init).joined()
                throw YAMLDocument.Failure("is not valid", line: start, detail: "repeated key: \(shown)")
            }
            skipBlanks()
            // The colon.
            rest.removeFirst()
            let member = path.isEmpty ? name : "\(path).\(name)"
            try value(member)
            lines[member] = start
        }
    }

    private mutating func array(_ path: String) throws(YAMLDocument.Failure) {
        var index = 0
        while hasAnother(closing: UInt8(ascii: "]")) {
            try value("\(path)[\(index)]")
            index += 1
        }
    }

    /// Goes past the opening bracket or a comma to the next element, or past the closing bracket.
    private mutating func hasAnother(closing: UInt8) -> Bool {
        skipBlanks()
        let isOver = rest.first == closing
        if !rest.isEmpty { rest.removeFirst() }
        skipBlanks()
        guard !isOver, rest.first == closing else { return !isOver && !rest.isEmpty }
        // Of an empty array or object.
        rest.removeFirst()
        return false
    }

    /// Goes past a string.
    private mutating func string() -> String {
        var end = rest.startIndex + 1
        while end < rest.endIndex, rest[end] != UInt8(ascii: "\"") { end += rest[end] == UInt8(ascii: "\\") ? 2 : 1 }
        let text = rest[..<min(end + 1, rest.endIndex)]
        rest = rest[text.endIndex...]
        return (try? JSON(parsing: text))?.stringValue ?? ""
    }

    private mutating func skipBlanks() {
        while let byte = rest.first, " \t\r\n".utf8.contains(byte) {
            if byte == 0x0A { line += 1 }
            rest.removeFirst()
        }
    }
}
