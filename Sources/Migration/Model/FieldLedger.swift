/// Records the outcome of each field of one source object. A field that nothing marks is reported as not convertible,
/// so that no field is dropped silently.
final class FieldLedger {
    let object: SourceObject
    /// Whether the best of several outcomes of a field is reported: for an object that several others use.
    private let keepsBest: Bool
    private var marks: [String: FieldOutcome] = [:]
    /// Defaults of the source that the result sets explicitly, and other notes.
    private(set) var notes: [String] = []

    init(_ object: SourceObject, keepsBest: Bool = false) {
        self.object = object
        self.keepsBest = keepsBest
    }

    /// Records the outcome of a field, and of the fields in it without a separate outcome.
    func mark(_ path: String, _ outcome: FieldOutcome) {
        marks[path] = marks[path].map { $0.merged(with: outcome, keepsBest: keepsBest) } ?? outcome
    }

    func converted(_ path: String, to place: String) { mark(path, .converted(to: place)) }

    func different(_ path: String, to place: String, _ meaning: String) {
        mark(path, .different(to: place, meaning: meaning))
    }

    func refuse(_ path: String, nearest: String) { mark(path, .notConvertible(nearest: nearest)) }

    /// Replaces the outcomes of a field and of everything in it.
    func replace(_ path: String, _ outcome: FieldOutcome) {
        marks = marks.filter { !Self.isInside($0.key, path) }
        marks[path] = outcome
    }

    func note(_ text: String) {
        if !notes.contains(text) { notes.append(text) }
    }

    func isMarked(_ path: String) -> Bool { outcome(of: path) != nil }

    /// - Parameter missing: the nearest way for fields that nothing marked.
    func findings(missing: (String) -> String) -> [FieldFinding] {
        var findings: [FieldFinding] = []
        var listed: Set<String> = []
        for leaf in object.leaves {
            // An empty field is the same as an absent one.
            let unmarked: FieldOutcome =
                leaf.isEmpty ? .converted(to: "") : .notConvertible(nearest: missing(leaf.path))
            let (path, outcome) = self.outcome(of: leaf.path) ?? (leaf.path, unmarked)
            guard listed.insert(path).inserted else { continue }
            findings.append(FieldFinding(path: path, line: object.line(of: path), outcome: outcome))
        }
        return findings
    }

    /// Fields of the server or of other programs, which are reported as a whole.
    private static let wholes: Set<String> = [
        "status", "metadata.managedFields", "metadata.ownerReferences", "metadata.finalizers",
    ]

    private func outcome(of leaf: String) -> (path: String, outcome: FieldOutcome)? {
        var path = leaf[...]
        while true {
            if let outcome = marks[String(path)] {
                return (Self.wholes.contains(String(path)) ? String(path) : leaf, outcome)
            }
            guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return nil }
            path = path[..<end]
        }
    }

    private static func isInside(_ path: String, _ outer: String) -> Bool {
        guard path.hasPrefix(outer) else { return false }
        let rest = path.dropFirst(outer.count).first
        return rest == nil || rest == "." || rest == "["
    }
}
