import WireFormats

/// The text of Prometheus's response, split without parsing its result, which may be large: a tree of it would take
/// thirty times its size.
struct AnswerText {
    /// Everything except `data.result`.
    let frame: JSON
    /// The text of `data.result`; nil if absent.
    let result: ArraySlice<UInt8>?

    /// - Throws: ``JSONPathError`` for a member that is too large; anything else if the text is not JSON.
    init(_ body: [UInt8]) throws {
        var frame: [String: JSON] = [:]
        var data: [String: JSON] = [:]
        var result: ArraySlice<UInt8>?
        var slicer = JSONSlicer(body[...])
        try slicer.eachMember { name, slicer in
            let value = try slicer.value()
            guard name.elementsEqual("data".utf8), value.first == UInt8(ascii: "{") else {
                let (name, json) = try Self.member(name, value)
                frame[name] = json
                return
            }
            var inner = JSONSlicer(value)
            try inner.eachMember { name, slicer in
                let value = try slicer.value()
                if name.elementsEqual("result".utf8) {
                    result = value
                } else {
                    let (name, json) = try Self.member(name, value)
                    data[name] = json
                }
            }
            frame["data"] = .object(data)
        }
        try slicer.end()
        self.frame = .object(frame)
        self.result = result
    }

    private static func member(
        _ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>
    ) throws -> (String, JSON) {
        let name = String(decoding: name, as: UTF8.self).shortened(to: PrometheusLimits.maxMemberName)
        do throws(JSONSyntaxError) {
            return (name, try JSON(parsing: value, limits: PrometheusLimits.frame))
        } catch {
            guard error.exceeded != nil else { throw error }
            throw JSONPathError(path: name, message: "is \(error.message)")
        }
    }

    /// Calls the body with each series of the result. Null counts as an empty list, because Go encodes a nil slice as
    /// null.
    ///
    /// - Throws: ``JSONPathError`` if the result is not an array of objects; anything else if it is not JSON.
    func eachSeries(_ body: (SeriesText) throws -> Void) throws {
        guard let result else { throw JSONPathError(path: "data.result", message: "is required") }
        if result.elementsEqual("null".utf8) { return }
        guard result.first == UInt8(ascii: "[") else {
            throw JSONPathError(path: "data.result", message: "must be an array")
        }
        var slicer = JSONSlicer(result)
        try slicer.eachElement { index, text in
            try body(SeriesText(text, path: "data.result[\(index)]"))
        }
    }
}

/// A series of a result. Its labels are skipped without parsing.
struct SeriesText {
    let path: String
    private var members: [String: ArraySlice<UInt8>] = [:]

    init(_ text: ArraySlice<UInt8>, path: String) throws {
        guard text.first == UInt8(ascii: "{") else { throw JSONPathError(path: path, message: "must be an object") }
        self.path = path
        var members: [String: ArraySlice<UInt8>] = [:]
        var slicer = JSONSlicer(text)
        try slicer.eachMember { name, slicer in
            let value = try slicer.value()
            for known in ["value", "values", "histogram", "histograms"] where name.elementsEqual(known.utf8) {
                members[known] = value.elementsEqual("null".utf8) ? nil : value
            }
        }
        self.members = members
    }

    func has(_ name: String) -> Bool { members[name] != nil }

    func value() throws -> JSONReader {
        guard let text = members["value"] else {
            throw JSONPathError(path: "\(path).value", message: "is required")
        }
        return JSONReader(try JSON(parsing: text, limits: PrometheusLimits.sample), path: "\(path).value")
    }

    func eachOfValues(_ body: (JSONReader) throws -> Void) throws {
        guard let text = members["values"] else { return }
        guard text.first == UInt8(ascii: "[") else {
            throw JSONPathError(path: "\(path).values", message: "must be an array")
        }
        var slicer = JSONSlicer(text)
        try slicer.eachElement { index, text in
            let json = try JSON(parsing: text, limits: PrometheusLimits.sample)
            try body(JSONReader(json, path: "\(path).values[\(index)]"))
        }
    }
}
