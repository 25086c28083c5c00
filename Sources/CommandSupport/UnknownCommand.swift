package import ArgumentParser

/// A first word of a command line that is not a command of the program.
package struct UnknownCommand: Error, CustomStringConvertible {
    private let word: String
    private let names: [String]

    /// The number of wrong letters up to which a command is suggested; a third of the letters of a longer word.
    private static let maxTypos = 2

    /// - Parameter arguments: The command line without the program.
    /// - Returns: nil if the line begins with a command, or with an option.
    package init?(_ arguments: some Collection<String>, of program: any ParsableCommand.Type) {
        let names = program.configuration.subcommands.compactMap { $0.configuration.commandName }
        guard let word = arguments.first, !word.hasPrefix("-"), !names.isEmpty, !(names + ["help"]).contains(word)
        else {
            return nil
        }
        self.word = word
        self.names = names
    }

    package var description: String {
        let near = names.map { (name: $0, typos: Self.typos(word.lowercased(), $0)) }.min { $0.typos < $1.typos }
        if let near, near.typos <= max(Self.maxTypos, word.count / 3) {
            return "unknown command \(word): did you mean \(near.name)?"
        }
        return "unknown command \(word): the commands are \(names.joined(separator: ", "))"
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
