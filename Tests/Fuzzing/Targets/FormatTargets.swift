import WireFormats
import YAMLFormat

extension FuzzTarget {
    /// A value that is read, written and read again is unchanged, regardless of the options.
    static let json = FuzzTarget("json") { (input) throws(FuzzFinding) in
        let json: JSON
        do throws(JSONSyntaxError) {
            json = try JSON(parsing: input)
        } catch {
            try require((0...input.count).contains(error.offset), "an error at \(error.offset), outside of the text")
            return try requireShort(error.description, "the error")
        }
        for escapesNonASCII in [false, true] {
            let written = json.encoded(escapesNonASCII: escapesNonASCII)
            try require(!escapesNonASCII || written.allSatisfy { $0 < 0x80 }, "what escapes writes other than ASCII")
            // Compared as text, because `1.0` and `1` are equal.
            let again = (try? JSON(parsing: written))?.encoded(escapesNonASCII: escapesNonASCII)
            try require(
                again == written, "is written as \(String(decoding: written, as: UTF8.self)), and then as another")
        }
    }

    static let rfc3339 = FuzzTarget("rfc3339") { (input) throws(FuzzFinding) in
        let text = String(decoding: input, as: UTF8.self)
        let time = RFC3339.microseconds(text)
        let same = Array(text.utf8).withUnsafeBytes { RFC3339.microseconds(utf8: $0) }
        try require(time == same, "text and bytes are read as two times")
        guard let time else { return }
        let written = RFC3339.text(microseconds: time, precision: .microseconds)
        try require(RFC3339.microseconds(written) == time, "\(time) is written as \(written), which is another time")
    }

    static let yaml = FuzzTarget("yaml") { (input) throws(FuzzFinding) in
        guard let text = String(validating: input, as: UTF8.self) else { return }
        let parsed = Result { () throws(YAMLDocument.Failure) in try YAMLDocument.parse(text) }
        switch parsed {
        case .success(let json):
            try require((try? JSON(parsing: json.encoded())) != nil, "what was read is not JSON that can be read")
        case .failure(let failure): try requireShort(failure.description, "the error")
        }
        do throws(YAMLDocument.Failure) {
            let file = try YAMLFile(parsing: text)
            for document in file.documents {
                for path in ["", "spec", "spec.metrics[0].type", "spec.nobody[7].has.this"] {
                    _ = document.line(of: path)
                }
            }
        } catch {
            try requireShort(error.description, "the error")
        }
    }
}
