/// Finds the word that a misspelled one was meant to be.
enum Spelling {
    /// The number of wrong letters up to which a word is suggested; a third of the letters of a longer word.
    private static let maxTypos = 2

    /// Returns the nearest of the known words; nil if none is near.
    static func nearest(to word: String, among known: some Sequence<String>) -> String? {
        let near = known.map { (word: $0, typos: typos(word.lowercased(), $0)) }.min { $0.typos < $1.typos }
        return near.flatMap { $0.typos <= max(maxTypos, word.count / 3) ? $0.word : nil }
    }

    /// Returns the number of letters to insert, remove or replace to get from a word to another (Levenshtein distance).
    private static func typos(_ first: String, _ second: String) -> Int {
        let target = Array(second)
        var row = Array(0...target.count)
        for (index, letter) in first.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in target.enumerated() {
                let replaced = diagonal + (letter == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[target.count]
    }
}
