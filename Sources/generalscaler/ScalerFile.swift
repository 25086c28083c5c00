import CommandSupport
import FoundationEssentials
import Operator
import ScalerAPI
import WireFormats
import YAMLFormat

/// A file with GeneralScalers and ScalingBudgets.
struct ScalerFile {
    /// An object, as written in the file.
    struct Entry {
        fileprivate let document: YAMLFile.Document
        var name: String { json["metadata"]?["name"]?.stringValue ?? "" }
        var json: JSON { document.json }
        var spec: JSON { json["spec"] ?? .null }
        /// The path of the file.
        let path: String

        func problem(_ invalid: InvalidSpec) -> FileProblem {
            FileProblem(path: path, message: inOrder(invalid.problems).map(described).joined(separator: "\n"))
        }

        /// Returns the problems in the order of lines.
        func inOrder(_ problems: [JSONPathError]) -> [JSONPathError] {
            problems.enumerated().sorted {
                (document.line(of: $0.element.path), $0.offset) < (document.line(of: $1.element.path), $1.offset)
            }.map(\.element)
        }

        /// Returns the problem as `FILE:LINE: FIELD: MESSAGE`.
        func described(_ problem: JSONPathError) -> String { document.described(problem, in: path) }
    }

    let path: String
    /// The scalers in the order of the file.
    let scalers: [Entry]
    let budgets: [Entry]
    /// The problems of objects that may be meant to be one of these: `FILE:LINE: FIELD: MESSAGE`.
    let problems: [String]
    /// The objects of other kinds.
    let others: [JSON]

    static let maxBytes = 8 << 20

    /// - Throws: ``FileProblem`` if the file cannot be read or is not YAML.
    init(path: String) throws(FileProblem) {
        try self.init(text: try FileText.read(path, maxBytes: Self.maxBytes), path: path)
    }

    /// - Parameter path: the name of the text in messages.
    init(text: String, path: String) throws(FileProblem) {
        self.path = path
        let file: YAMLFile
        do {
            file = try YAMLFile(parsing: text)
        } catch {
            throw FileProblem(path: error.line.map { "\(path):\($0)" } ?? path, message: error.message)
        }
        let objects = ManifestObjects(file.documents)
        scalers = objects.scalers.map { Entry(document: $0, path: path) }
        budgets = objects.budgets.map { Entry(document: $0, path: path) }
        problems = objects.problems.map { $0.document.described($0.error, in: path) }
        others = objects.others.map(\.json)
    }

    /// Returns the single GeneralScaler of the file.
    func only() throws(FileProblem) -> Entry {
        guard problems.isEmpty else { throw FileProblem(path: path, message: problems.joined(separator: "\n")) }
        guard let scaler = scalers.first, scalers.count == 1 else {
            throw FileProblem(
                path: path,
                message: "has \(scalers.count) objects of kind GeneralScaler, and exactly one is needed here")
        }
        return scaler
    }
}

extension YAMLFile.Document {
    fileprivate func described(_ problem: JSONPathError, in file: String) -> String {
        let error = JSONPathError(path: place(of: problem.path), message: problem.message)
        return "\(file):\(line(of: problem.path)): \(error)"
    }
}
