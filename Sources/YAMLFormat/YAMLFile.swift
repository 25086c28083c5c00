package import WireFormats
import Yams

/// A text with any number of YAML documents, each with the lines that its fields stand on.
package struct YAMLFile: Sendable {
    package struct Document: Sendable {
        package let json: JSON
        /// Lines of the fields, from 1, by path such as `spec.metrics[0].type`.
        private let lines: [String: Int]

        init(json: JSON, lines: [String: Int]) {
            self.json = json
            self.lines = lines
        }

        /// The line of the field, or of the nearest one that it would stand in.
        package func line(of path: String) -> Int {
            var path = path[...]
            while true {
                if let line = lines[String(path)] { return line }
                guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return lines[""] ?? 1 }
                path = path[..<end]
            }
        }
    }

    /// Empty documents are left out.
    package let documents: [Document]

    package init(parsing text: String) throws(YAMLDocument.Failure) {
        var documents: [Document] = []
        var budget = YAMLDocument.maxNodes
        for node in try YAMLTree.composeAll(text) {
            let json = try YAMLDocument.json(node, &budget)
            guard !json.isNull else { continue }
            var lines = ["": node.mark?.line ?? 1]
            Self.note(node, "", &lines)
            documents.append(Document(json: json, lines: lines))
        }
        self.documents = documents
    }

    /// The tree was bounded when it was read as JSON.
    private static func note(_ node: Node, _ path: String, _ lines: inout [String: Int]) {
        switch node {
        case .mapping(let mapping):
            for (key, value) in mapping {
                guard let name = key.string else { continue }
                let member = path.isEmpty ? name : "\(path).\(name)"
                lines[member] = key.mark?.line
                note(value, member, &lines)
            }
        case .sequence(let sequence):
            for (index, element) in sequence.enumerated() {
                let place = "\(path)[\(index)]"
                lines[place] = element.mark?.line
                note(element, place, &lines)
            }
        case .scalar, .alias: break
        }
    }
}
