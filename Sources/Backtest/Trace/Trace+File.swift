import WireFormats

extension Trace {
    /// Reads a trace file: JSON or CSV, in UTF-8 or, after a byte order mark, UTF-16.
    ///
    /// - Parameters:
    ///   - isJSON: whether the file is JSON; nil to detect it from the first character.
    ///   - zone: the zone of times without one; if nil, such a time is an error.
    package init(bytes: [UInt8], isJSON: Bool? = nil, zone: TraceZone? = nil) throws(TraceError) {
        let text = try TraceText.utf8(bytes)
        let first = text.first { !" \t\r\n".utf8.contains($0) }
        guard isJSON ?? (first == UInt8(ascii: "[") || first == UInt8(ascii: "{")) else {
            try self.init(csv: text, zone: zone)
            return
        }
        let json: JSON
        do throws(JSONSyntaxError) {
            json = try JSON(parsing: text, limits: .trusted)
        } catch {
            let before = text.prefix(error.offset)
            let line = before.count { $0 == UInt8(ascii: "\n") } + 1
            let column = before.count - (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1)
            throw TraceError("is not JSON: line \(line), column \(column): \(error.message)")
        }
        try self.init(json: json, zone: zone)
    }
}
