import Glibc

/// What a script's `#!` line has the system run, and which directories that needs.
struct Interpreter: Hashable {
    /// Longest `#!` line that counts; Linux itself cuts at 255 bytes.
    static let maxLineBytes = 512
    private static let programDirectories: Set = ["bin", "sbin", "libexec", "shims"]

    /// Absolute paths of the programs that the line names, `env` among them.
    let programs: [String]
    /// The line ends with a carriage return, which the kernel takes for a part of the last word.
    let endsWithCarriageReturn: Bool

    /// - Parameters:
    ///   - head: the first bytes of the file.
    ///   - searchPath: the PATH that the script will have.
    /// - Returns: nil where the file does not begin with `#!`.
    init?(head: some Sequence<UInt8>, searchPath: String) {
        let line = head.prefix { $0 != 0x0A && $0 != 0x0D }
        guard line.starts(with: "#!".utf8) else { return nil }
        let words = String(decoding: line.dropFirst(2), as: UTF8.self).split { $0 == " " || $0 == "\t" }.map(
            String.init)
        var programs = words.first.map { [$0] } ?? []
        if words.first?.hasSuffix("/env") == true,
            let name = words.dropFirst().first(where: { !$0.hasPrefix("-") && !$0.contains("=") })
        {
            programs.append(name.contains("/") ? name : Self.find(name, in: searchPath) ?? name)
        }
        self.programs = programs
        // `env -S` takes it for a blank.
        let isSplitByEnv = words.count > 1 && (words[1].hasPrefix("-S") || words[1].hasPrefix("--split-string"))
        endsWithCarriageReturn = head.dropFirst(line.count).first { _ in true } == 0x0D && !isSplitByEnv
    }

    /// The first program that is not there.
    var missing: String? { programs.first { !$0.hasPrefix("/") || access($0, X_OK) != 0 } }

    /// Where the programs and what they load lie: for `/srv/python/bin/python3` all of `/srv/python`; the same for
    /// what links lead to.
    var directories: [String] { programs.flatMap { [$0, ProgramFile.resolved($0)] }.map(Self.prefix) }

    static func prefix(of program: String) -> String {
        let directory = ProgramFile.directory(of: program)
        guard programDirectories.contains(ProgramFile.name(of: directory)) else { return directory }
        let parent = ProgramFile.directory(of: directory)
        let names = parent.split(separator: "/")
        // A whole home directory, or a whole file system, is never meant.
        let isHome = names.count < 2 || names.count == 2 && ["home", "Users"].contains(names[0])
        return isHome && parent != "/usr" ? directory : parent
    }

    private static func find(_ name: String, in searchPath: String) -> String? {
        searchPath.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }
}
