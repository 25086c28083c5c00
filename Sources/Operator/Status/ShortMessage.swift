/// A message for people that foreign text may have made long.
enum ShortMessage {
    /// At most so many characters; where something is missing it ends in an ellipsis.
    static func of(_ text: String, _ limit: Int) -> String {
        // Of a character there can be any number of scalars.
        let start = text.unicodeScalars.prefix(limit)
        return start.endIndex == text.endIndex ? text : String(start) + "…"
    }
}
