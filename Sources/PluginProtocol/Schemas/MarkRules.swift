import WireFormats

/// The parts of a JSON Schema that lead to a mark, prepared for a search of many configs.
struct MarkRules: Sendable {
    /// A schema. A rule that leads to no mark is nil.
    struct Node: Sendable {
        var isMarked = false
        /// The rules that apply to the same value, such as those of `allOf`.
        var sameLocation: [Int] = []
        var members: [String: Int?] = [:]
        /// The rules of members that `members` does not name.
        var otherMembers: [Int] = []
        var firstElements: [Int?] = []
        var otherElements: Int?

        fileprivate var next: [Int] {
            sameLocation + otherMembers
                + (Array(members.values) + firstElements + [otherElements]).compactMap(\.self)
        }

        var marksElements: Bool { otherElements != nil || firstElements.contains { $0 != nil } }
    }

    private(set) var root: Int?
    private var nodes: [Node] = []
    private let keyword: String
    private let schema: JSON
    /// The node of each location in the schema that a rule applies.
    private var known: [[String]: Int] = [:]
    /// The nodes that are still to be filled in. A worklist, because references can be nested without limit.
    private var pending: [(node: Int, keywords: [String: JSON], location: [String])] = []

    init(_ keyword: String, in schema: JSON) {
        self.keyword = keyword
        self.schema = schema
        root = node(schema, at: [])
        while let next = pending.popLast() { nodes[next.node] = filled(next.keywords, at: next.location) }
        known = [:]
        removeMarkless()
    }

    subscript(_ rule: Int) -> Node { nodes[rule] }

    private mutating func node(_ schema: JSON?, at location: [String]) -> Int? {
        guard case .object(let keywords)? = schema else { return nil }
        if let known = known[location] { return known }
        let index = nodes.count
        known[location] = index
        nodes.append(Node())
        pending.append((index, keywords, location))
        return index
    }

    private mutating func filled(_ keywords: [String: JSON], at location: [String]) -> Node {
        var node = Node()
        guard keywords[keyword] != true else {
            node.isMarked = true
            return node
        }
        node.sameLocation = sameLocation(keywords, at: location)
        for (name, rule) in keywords["properties"]?.objectValue ?? [:] {
            node.members.updateValue(self.node(rule, at: location + ["properties", name]), forKey: name)
        }
        var others = (keywords["patternProperties"]?.objectValue ?? [:]).map { pattern, rule in
            self.node(rule, at: location + ["patternProperties", pattern])
        }
        others.append(self.node(keywords["additionalProperties"], at: location + ["additionalProperties"]))
        node.otherMembers = others.compactMap(\.self)
        for (index, rule) in (keywords["prefixItems"]?.arrayValue ?? []).enumerated() {
            node.firstElements.append(self.node(rule, at: location + ["prefixItems", "\(index)"]))
        }
        node.otherElements = self.node(keywords["items"], at: location + ["items"])
        return node
    }

    private mutating func sameLocation(_ keywords: [String: JSON], at location: [String]) -> [Int] {
        var rules: [Int?] = []
        if let target = keywords["$ref"]?.stringValue.flatMap(Self.location) {
            rules.append(node(definition(target), at: target))
        }
        for name in ["allOf", "anyOf", "oneOf"] {
            for (index, part) in (keywords[name]?.arrayValue ?? []).enumerated() {
                rules.append(node(part, at: location + [name, "\(index)"]))
            }
        }
        for name in ["then", "else"] { rules.append(node(keywords[name], at: location + [name])) }
        return rules.compactMap(\.self)
    }

    /// Parses a JSON pointer within the schema, such as `#/$defs/server` (RFC 6901).
    private static func location(_ reference: String) -> [String]? {
        guard reference.hasPrefix("#") else { return nil }
        return reference.dropFirst().split(separator: "/").map {
            String($0.replacing("~1", with: "/").replacing("~0", with: "~"))
        }
    }

    private func definition(_ location: [String]) -> JSON? {
        location.reduce(schema as JSON?) { part, name in
            part?.arrayValue == nil ? part?[name] : Int(name).flatMap { part?[$0] }
        }
    }

    /// Removes each rule that leads to no mark.
    private mutating func removeMarkless() {
        var users = [[Int]](repeating: [], count: nodes.count)
        for (index, node) in nodes.enumerated() { for next in node.next { users[next].append(index) } }
        var leads = nodes.map(\.isMarked)
        var found = nodes.indices.filter { leads[$0] }
        while let node = found.popLast() {
            for user in users[node] where !leads[user] {
                leads[user] = true
                found.append(user)
            }
        }
        for index in nodes.indices {
            nodes[index].sameLocation.removeAll { !leads[$0] }
            nodes[index].otherMembers.removeAll { !leads[$0] }
            nodes[index].members = nodes[index].members.mapValues { $0.flatMap { leads[$0] ? $0 : nil } }
            nodes[index].firstElements = nodes[index].firstElements.map { $0.flatMap { leads[$0] ? $0 : nil } }
            nodes[index].otherElements = nodes[index].otherElements.flatMap { leads[$0] ? $0 : nil }
        }
        root = root.flatMap { leads[$0] ? $0 : nil }
    }
}
