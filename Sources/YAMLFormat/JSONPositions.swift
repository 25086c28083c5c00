import WireFormats

/// Finds the line numbers of the fields of a valid JSON text.
struct JSONPositions {
    /// The line numbers from 1 by path, such as `spec.metrics[0].type`.
    private(set) var lines: [String: Int] = [:]
    private var rest: ArraySlice<UInt8>
    private var line: Int

    /// - Parameter line: the line of the text's beginning.
    init(_ text: ArraySlice<UInt8>, line: Int) {
        rest = text
        self.line = line
    }

    /// - Throws: if a name is repeated, because one of its values would be lost.
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

    /// Skips the opening bracket or a comma before an element, or the closing bracket. Returns whether there is an
    /// element.
    private mutating func hasAnother(closing: UInt8) -> Bool {
        skipBlanks()
        let isOver = rest.first == closing
        if !rest.isEmpty { rest.removeFirst() }
        skipBlanks()
        guard !isOver, rest.first == closing else { return !isOver && !rest.isEmpty }
        // The end of an empty array or object.
        rest.removeFirst()
        return false
    }

    /// Reads a string.
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
