import FoundationEssentials
import Operator
import WireFormats
import YAMLFormat

/// A file with GeneralScalers.
struct ScalerFile {
    /// One GeneralScaler as it stands in the file.
    struct Entry {
        let name: String
        fileprivate let document: YAMLFile.Document
        var json: JSON { document.json }
        var spec: JSON { json["spec"] ?? .null }
        /// Of the file that it stands in.
        let path: String

        func problem(_ invalid: InvalidSpec) -> FileProblem {
            FileProblem(path: path, message: inOrder(invalid.problems).map(described).joined(separator: "\n"))
        }

        /// As one reads them, from the top.
        func inOrder(_ problems: [JSONPathError]) -> [JSONPathError] {
            problems.enumerated().sorted {
                (document.line(of: $0.element.path), $0.offset) < (document.line(of: $1.element.path), $1.offset)
            }.map(\.element)
        }

        /// What is wrong, as `FILE:LINE: FIELD: MESSAGE`.
        func described(_ problem: JSONPathError) -> String { "\(path):\(document.line(of: problem.path)): \(problem)" }
    }

    let path: String
    /// In the order of the file. Other objects are passed over.
    let scalers: [Entry]

    static let maxBytes = 8 << 20

    /// - Throws: ``FileProblem`` where the file cannot be read or is no YAML.
    init(path: String) throws(FileProblem) {
        self.path = path
        let text = try FileText.read(path, maxBytes: Self.maxBytes)
        let file: YAMLFile
        do {
            file = try YAMLFile(parsing: text)
        } catch {
            throw FileProblem(path: path, message: error.description)
        }
        scalers = file.documents.filter { Self.isScaler($0.json) }.map { document in
            Entry(name: document.json["metadata"]?["name"]?.stringValue ?? "", document: document, path: path)
        }
    }

    private static func isScaler(_ object: JSON) -> Bool {
        let group = GeneralScaler.apiVersion.prefix { $0 != "/" }
        return object["kind"]?.stringValue == GeneralScaler.kind
            && object["apiVersion"]?.stringValue?.hasPrefix("\(group)/") ?? false
    }

    /// The only GeneralScaler of the file.
    func only() throws(FileProblem) -> Entry {
        guard let scaler = scalers.first, scalers.count == 1 else {
            throw FileProblem(
                path: path,
                message: "has \(scalers.count) objects of kind GeneralScaler, and exactly one is needed here")
        }
        return scaler
    }
}

/// What is wrong with a file, for the person who named it.
struct FileProblem: Error, CustomStringConvertible {
    let path: String
    let message: String
    var description: String { message.hasPrefix("\(path):") ? message : "\(path): \(message)" }
}

enum FileText {
    /// - Parameter path: `-` for stdin.
    static func read(_ path: String, maxBytes: Int) throws(FileProblem) -> String {
        guard let text = String(validating: try bytes(path, maxBytes: maxBytes), as: UTF8.self) else {
            throw FileProblem(path: path, message: "is not text in UTF-8")
        }
        return text
    }

    /// - Parameter path: `-` for stdin.
    static func bytes(_ path: String, maxBytes: Int) throws(FileProblem) -> [UInt8] {
        let data: Data
        if path == "-" {
            var input = StandardInput(maxLineBytes: maxBytes)
            guard let bytes = input.all() else {
                throw FileProblem(path: path, message: "has more than \(maxBytes) bytes")
            }
            return bytes
        }
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw FileProblem(path: path, message: "cannot be read: does it exist, and may you read it?")
        }
        guard data.count <= maxBytes else {
            throw FileProblem(path: path, message: "has \(data.count) bytes, more than \(maxBytes)")
        }
        return Array(data)
    }

    static func write(_ bytes: [UInt8], to path: String) throws(FileProblem) {
        do {
            try Data(bytes).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw FileProblem(
                path: path, message: "cannot be written: is there such a directory, and may you write it?")
        }
    }
}
