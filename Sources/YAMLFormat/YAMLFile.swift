package import WireFormats

/// A text with any number of YAML or JSON documents, as kubectl reads them, each with the line numbers of its fields.
///
/// kubectl splits a text at lines of `---` before it reads any YAML, so that a directive (`%YAML`) or an anchor applies
/// to one part only, and only a comment may follow on such a line. A part that begins with `{` is read as a sequence of
/// JSON texts, or as YAML if it is not JSON.
package struct YAMLFile: Sendable {
    package struct Document: Sendable {
        package let json: JSON
        /// The line numbers from 1 by path, such as `spec.metrics[0].type`.
        private let lines: [String: Int]
        /// The path of a document that is part of another: `items[0]`.
        package let path: String

        init(json: JSON, lines: [String: Int], path: String = "") {
            self.json = json
            self.lines = lines
            self.path = path
        }

        /// Returns the document with these members added unless they exist.
        package func withDefaults(_ members: [String: JSON]) -> Document {
            guard case .object(let own) = json else { return self }
            let known = own.filter { !$0.value.isNull }
            return Document(json: .object(members.merging(known) { $1 }), lines: lines, path: path)
        }

        /// Returns the document for a text that begins after that many lines.
        func moved(by count: Int) -> Document {
            count == 0 ? self : Document(json: json, lines: lines.mapValues { $0 + count }, path: path)
        }

        /// Returns the line of the field, or of its nearest existing ancestor.
        package func line(of field: String) -> Int {
            var place = self.place(of: field)[...]
            while true {
                if let line = lines[String(place)] { return line }
                guard let end = place.lastIndex(where: { $0 == "." || $0 == "[" }) else { return lines[""] ?? 1 }
                place = place[..<end]
            }
        }

        /// Returns the path of the field from the root of the whole document.
        package func place(of field: String) -> String {
            path.isEmpty || field.isEmpty ? path + field : "\(path).\(field)"
        }

        /// Returns the elements of an array as documents; nil if the array does not exist.
        package func elements(of member: String) -> [Document]? {
            json[member]?.arrayValue?.enumerated().map { index, element in
                Document(json: element, lines: lines, path: "\(place(of: member))[\(index)]")
            }
        }
    }

    /// The documents, without empty ones.
    package let documents: [Document]

    package init(parsing text: String) throws(YAMLDocument.Failure) {
        var documents: [Document] = []
        var budget = YAMLDocument.maxNodes
        for part in try ManifestPart.split(text) { documents += try part.documents(&budget) }
        self.documents = documents
    }
}
