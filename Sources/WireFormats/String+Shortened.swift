extension String {
    /// Returns the text, or its beginning and an ellipsis if it is longer than the limit. Counted in Unicode scalars,
    /// because a character may have any number of them.
    package func shortened(to limit: Int, ellipsis: String = "…") -> String {
        let start = unicodeScalars.prefix(limit)
        return start.endIndex == endIndex ? self : String(start) + ellipsis
    }
}
