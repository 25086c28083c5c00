import WireFormats

/// Everything that is wrong with one config, for the person who wrote it.
public struct ConfigProblems: Error, Sendable, Hashable, CustomStringConvertible {
    /// At least one.
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
