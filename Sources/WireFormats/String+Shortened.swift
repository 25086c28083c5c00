extension String {
    /// Returns the text, or if it is longer than that its beginning and an ellipsis. Counted in Unicode scalars: of a
    /// character there can be any number of them, so that a bound in characters is none.
    package func shortened(to limit: Int, ellipsis: String = "…") -> String {
        let start = unicodeScalars.prefix(limit)
        return start.endIndex == endIndex ? self : String(start) + ellipsis
    }
}
