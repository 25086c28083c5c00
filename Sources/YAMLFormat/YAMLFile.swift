package import WireFormats

/// A text with any number of YAML or JSON documents, as kubectl reads them, each with the lines that its fields stand
/// on.
///
/// kubectl splits a text at lines of `---` before it reads any YAML, so that a directive (`%YAML`) or an anchor cannot
/// span several parts, and nothing but a comment may follow on such a line. A part that begins with `{` is read as JSON
/// texts, one after the other, and as YAML if it is none.
package struct YAMLFile: Sendable {
    package struct Document: Sendable {
        package let json: JSON
        /// Lines of the fields, from 1, by path such as `spec.metrics[0].type`.
        private let lines: [String: Int]
        /// Where the document is a part of another: `items[0]`.
        package let path: String

        init(json: JSON, lines: [String: Int], path: String = "") {
            self.json = json
            self.lines = lines
            self.path = path
        }

        /// Returns the same with these members if it has none of their names.
        package func withDefaults(_ members: [String: JSON]) -> Document {
            guard case .object(let own) = json else { return self }
            let known = own.filter { !$0.value.isNull }
            return Document(json: .object(members.merging(known) { $1 }), lines: lines, path: path)
        }

        /// Returns the same, of a text that begins after so many lines.
        func moved(by count: Int) -> Document {
            count == 0 ? self : Document(json: json, lines: lines.mapValues { $0 + count }, path: path)
        }

        /// Returns the line of the field, or of the nearest one that it would stand in.
        package func line(of field: String) -> Int {
            var place = self.place(of: field)[...]
            while true {
                if let line = lines[String(place)] { return line }
                guard let end = place.lastIndex(where: { $0 == "." || $0 == "[" }) else { return lines[""] ?? 1 }
                place = place[..<end]
            }
        }

        /// Returns the field, as it is named from the whole document.
        package func place(of field: String) -> String {
            path.isEmpty || field.isEmpty ? path + field : "\(path).\(field)"
        }

        /// Returns the elements of an array, each as a document; nil if there is no such array.
        package func elements(of member: String) -> [Document]? {
            json[member]?.arrayValue?.enumerated().map { index, element in
                Document(json: element, lines: lines, path: "\(place(of: member))[\(index)]")
            }
        }
    }

    /// Empty documents are left out.
    package let documents: [Document]

    package init(parsing text: String) throws(YAMLDocument.Failure) {
        var documents: [Document] = []
        var budget = YAMLDocument.maxNodes
        for part in try ManifestPart.split(text) { documents += try part.documents(&budget) }
        self.documents = documents
    }
}
