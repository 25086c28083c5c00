/// Limits of a JSON text and of its tree.
///
/// A tree can take many times the memory of its text: about 180 bytes for each empty member of an object. A reader of
/// untrusted text sets the number of values that it needs.
///
/// ```swift
/// let config = try JSON(parsing: text, limits: JSONLimits(bytes: 60 << 10, nodes: 2_048, depth: 16))
/// ```
public struct JSONLimits: Sendable, Hashable {
    /// A limit that a text or a tree can exceed.
    public enum Bound: Sendable, Hashable, CaseIterable {
        /// Bytes of the text.
        case bytes
        /// Values: each scalar, array and object counts as one; names of members do not count.
        case nodes
        /// Nested arrays and objects.
        case depth
    }

    public var bytes: Int
    public var nodes: Int
    public var depth: Int

    public init(bytes: Int, nodes: Int, depth: Int = JSON.maximumDepth) {
        self.bytes = bytes
        self.nodes = nodes
        self.depth = min(depth, JSON.maximumDepth)
    }

    /// The default limits: at most about 48 MB of memory besides the text.
    public static let standard = JSONLimits(bytes: 32 << 20, nodes: 1 << 18)

    /// For a text of the program's user, such as a file on the command line.
    public static let trusted = JSONLimits(bytes: .max, nodes: .max)

    /// Returns the error message for a text that exceeds the limit.
    func message(_ bound: Bound) -> String {
        switch bound {
        case .bytes: "longer than \(bytes) bytes"
        case .nodes: "more than \(nodes) values"
        case .depth: "nested deeper than \(depth)"
        }
    }
}

/// The size of a tree.
public struct JSONSize: Sendable, Hashable {
    /// The size of its compact JSON text.
    public var bytes: Int
    public var nodes: Int
    public var depth: Int

    public init(bytes: Int, nodes: Int, depth: Int) {
        self.bytes = bytes
        self.nodes = nodes
        self.depth = depth
    }
}

extension JSON {
    /// Measures the tree. A parsed tree is not deeper than ``maximumDepth``.
    public var size: JSONSize {
        JSONSize(bytes: encoded().count, nodes: nodeCount, depth: nesting)
    }

    private var nodeCount: Int {
        switch self {
        case .array(let elements): elements.reduce(1) { $0 + $1.nodeCount }
        case .object(let members): members.values.reduce(1) { $0 + $1.nodeCount }
        default: 1
        }
    }

    private var nesting: Int {
        switch self {
        case .array(let elements): 1 + (elements.map(\.nesting).max() ?? 0)
        case .object(let members): 1 + (members.values.map(\.nesting).max() ?? 0)
        default: 0
        }
    }
}
