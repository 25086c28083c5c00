import WireFormats

/// All problems of one config, for its author.
public struct ConfigProblems: Error, Sendable, Hashable, CustomStringConvertible {
    /// The problems; not empty.
    public let problems: [ConfigProblem]

    public init(_ problems: [ConfigProblem]) {
        self.problems = problems
    }

    public init(path: String = "", _ message: String) {
        problems = [ConfigProblem(path: path, message: message)]
    }

    public var description: String { problems.map(\.description).joined(separator: "; ") }
}

extension ConfigProblems {
    /// Runs one of the readers of ``JSONReader`` and reports its error as a problem.
    static func reporting<Value>(
        _ read: () throws(JSONPathError) -> Value
    ) throws(ConfigProblems) -> Value {
        do throws(JSONPathError) {
            return try read()
        } catch {
            throw ConfigProblems(path: error.path, error.message)
        }
    }
}
