package import ArgumentParser

/// A first word of a command line that is not a command of the program.
package struct UnknownCommand: Error, CustomStringConvertible {
    private let word: String
    private let names: [String]

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
        if let near = Spelling.nearest(to: word, among: names) {
            return "unknown command \(word): did you mean \(near)?"
        }
        return "unknown command \(word): the commands are \(names.joined(separator: ", "))"
    }
}

/// A misspelled option of a command. The argument parser names it only if no required option is missing.
struct UnknownOption: CustomStringConvertible {
    let description: String

    /// - Parameter arguments: The command line without the program.
    /// - Returns: nil if no option is similar to one that the command's help lists.
    init?(_ arguments: some Collection<String>, of program: any ParsableCommand.Type) {
        let command = program.configuration.subcommands.first { $0.configuration.commandName == arguments.first }
        let help = command.map { program.helpMessage(for: $0) } ?? program.helpMessage()
        let known = Set(
            help.split { !$0.isLetter && !$0.isNumber && $0 != "-" }.map(String.init).filter { $0.hasPrefix("--") })
        for argument in arguments.prefix(while: { $0 != "--" }) where argument.hasPrefix("--") {
            let name = String(argument.prefix { $0 != "=" })
            guard !known.contains(name), let near = Spelling.nearest(to: name, among: known) else { continue }
            description = "Unknown option '\(name)'. Did you mean '\(near)'?"
            return
        }
        return nil
    }
}
