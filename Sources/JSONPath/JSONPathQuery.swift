package import WireFormats

/// A JSONPath query (RFC 9535), parsed and type-checked.
///
/// ```swift
/// let query = try JSONPathQuery(parsing: "$.queues[?@.name == 'orders'].messages")
/// for node in try query.nodes(in: document) { print(node.location.normalizedPath, node.value) }
/// ```
package struct JSONPathQuery: Sendable {
    let segments: [PathSegment]
    /// The literal patterns of `match()` and `search()` that are not I-Regexps (RFC 9485). The functions are false for
    /// every text then, as RFC 9535 demands, which is hardly what their author means.
    package let invalidPatterns: [IRegexpSyntaxError]

    /// - Throws: ``JSONPathSyntaxError`` for a query that is not well-formed or not well-typed, or that exceeds
    ///   ``JSONPathLimits``.
    package init(parsing text: String) throws(JSONPathSyntaxError) {
        var parser = JSONPathParser(text)
        segments = try parser.query()
        invalidPatterns = parser.invalidPatterns
    }

    /// Returns the nodes that the query selects, in the order of the document; the members of an object are visited in
    /// the order of their names, so that the same document always has the same nodes in the same order.
    ///
    /// - Throws: ``JSONPathLimitError`` if the evaluation takes more than the limits allow.
    package func nodes(
        in document: JSON, limits: JSONPathLimits = .standard
    ) throws(JSONPathLimitError) -> [JSONPathNode] {
        var evaluator = JSONPathEvaluator(root: document, limits: limits)
        return try evaluator.nodes(segments, from: JSONPathNode(value: document, location: .root))
    }

    /// Returns whether the document has the array or object in which the query looks for any number of nodes: what the
    /// segments before the first that can select several nodes lead to. If it has, and the query selects nothing, there
    /// are none; if it has not, that is unknown.
    package func hasContainer(in document: JSON) -> Bool {
        var value = document
        for segment in segments {
            guard [segment].isSingular else {
                switch value {
                case .array, .object: return true
                default: return false
                }
            }
            let next: JSON? =
                switch segment.selectors[0] {
                case .name(let name): value.member(name)
                case .index(let index): value.element(at: index)?.1
                case .wildcard, .slice, .filter: nil
                }
            guard let next else { return false }
            value = next
        }
        return false
    }
}

/// A value that a query selects, and its place in the document.
package struct JSONPathNode: Sendable {
    package let value: JSON
    package let location: JSONPathLocation
}

/// The place of a value in a document.
package indirect enum JSONPathLocation: Sendable, Hashable {
    case root
    case member(String, of: JSONPathLocation)
    case element(Int, of: JSONPathLocation)

    /// Such as `$['queues'][0]['name']` (RFC 9535, section 2.7).
    package var normalizedPath: String {
        switch self {
        case .root: "$"
        case .member(let name, let parent): "\(parent.normalizedPath)['\(Self.escaped(name))']"
        case .element(let index, let parent): "\(parent.normalizedPath)[\(index)]"
        }
    }

    private static func escaped(_ name: String) -> String {
        var text = String.UnicodeScalarView()
        for scalar in name.unicodeScalars {
            switch scalar {
            case "'", "\\": text += ["\\", scalar]
            case "\u{8}": text += ["\\", "b"]
            case "\t": text += ["\\", "t"]
            case "\n": text += ["\\", "n"]
            case "\u{C}": text += ["\\", "f"]
            case "\r": text += ["\\", "r"]
            case "\0"..<" ":
                let hex = String(scalar.value, radix: 16)
                text += ("\\u" + String(repeating: "0", count: 4 - hex.count) + hex).unicodeScalars
            default: text.append(scalar)
            }
        }
        return String(text)
    }
}
