import CommandSupport
import Migration
import WireFormats
import YAMLFormat

/// The objects of files.
struct MigrationInput {
    var objects: [SourceObject] = []
    private(set) var comments: [String: SourceComments] = [:]

    static let maxBytes = 64 << 20

    /// Adds the objects of a file, also those in lists.
    ///
    /// - Parameter path: `-` for stdin.
    mutating func read(file path: String) throws(FileProblem) {
        let text = try FileText.read(path, maxBytes: Self.maxBytes)
        let file: YAMLFile
        do {
            file = try YAMLFile(parsing: text)
        } catch {
            throw FileProblem(path: error.line.map { "\(path):\($0)" } ?? path, message: error.message)
        }
        let origin = path == "-" ? "stdin" : path
        comments[origin] = SourceComments(text)
        for document in file.documents { add(document, origin) }
    }

    private mutating func add(_ document: YAMLFile.Document, _ origin: String) {
        let kind = document.json["kind"]?.stringValue ?? ""
        guard kind.hasSuffix("List"), let items = document.elements(of: "items") else {
            guard document.json.objectValue != nil else { return }
            return objects.append(SourceObject(document, origin: origin))
        }
        let itemKind = kind.dropLast("List".count)
        for item in items {
            var defaults: [String: JSON] = [:]
            if !itemKind.isEmpty { defaults["kind"] = .string(String(itemKind)) }
            if let version = document.json["apiVersion"], !itemKind.isEmpty { defaults["apiVersion"] = version }
            objects.append(SourceObject(item.withDefaults(defaults), origin: origin))
        }
    }
}
