package import WireFormats
package import YAMLFormat

/// A Kubernetes object to migrate, or one that another object refers to.
package struct SourceObject: Sendable {
    package let json: JSON
    /// The file that the object is from, or `cluster`.
    package let origin: String
    private let document: YAMLFile.Document?

    package init(_ json: JSON, origin: String) {
        self.json = json
        self.origin = origin
        document = nil
    }

    package init(_ document: YAMLFile.Document, origin: String) {
        json = document.json
        self.origin = origin
        self.document = document
    }

    package var kind: String { json["kind"]?.stringValue ?? "" }
    package var name: String { json["metadata"]?["name"]?.stringValue ?? "" }
    package var namespace: String? { json["metadata"]?["namespace"]?.stringValue }
    /// The API group: the part of `apiVersion` before the slash; empty for the core group.
    package var group: String {
        let apiVersion = json["apiVersion"]?.stringValue ?? ""
        return apiVersion.contains("/") ? String(apiVersion.prefix { $0 != "/" }) : ""
    }
    package var version: String {
        String((json["apiVersion"]?.stringValue ?? "").split(separator: "/").last ?? "")
    }

    /// The object for a message, such as `ScaledObject shop/worker`.
    package var label: String { "\(kind) \(namespace.map { "\($0)/" } ?? "")\(name)" }

    /// The file and line of a field; only the origin if the object is not from a file.
    package func place(of field: String) -> String {
        line(of: field).map { "\(origin):\($0)" } ?? origin
    }

    func line(of field: String) -> Int? { document?.line(of: document?.place(of: field) ?? field) }

    /// A value that is no object or array with members.
    struct Leaf {
        let path: String
        /// Whether the value is null, or an object or array without members.
        let isEmpty: Bool
    }

    /// The leaves in the order of their lines.
    var leaves: [Leaf] {
        var paths: [Leaf] = []
        Self.collect(json, "", &paths)
        let placed = paths.map { ($0, line(of: $0.path) ?? 0) }
        return placed.sorted { ($0.1, $0.0.path) < ($1.1, $1.0.path) }.map(\.0)
    }

    private static func collect(_ json: JSON, _ path: String, _ paths: inout [Leaf]) {
        switch json {
        case .object(let members) where !members.isEmpty:
            for key in members.keys.sorted() {
                collect(members[key] ?? .null, path.isEmpty ? key : "\(path).\(key)", &paths)
            }
        case .array(let elements) where !elements.isEmpty:
            for (index, element) in elements.enumerated() { collect(element, "\(path)[\(index)]", &paths) }
        case .object, .array, .null:
            paths.append(Leaf(path: path, isEmpty: true))
        default:
            paths.append(Leaf(path: path, isEmpty: false))
        }
    }
}
