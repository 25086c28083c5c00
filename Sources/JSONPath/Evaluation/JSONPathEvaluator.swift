import WireFormats

/// One evaluation of a query.
struct JSONPathEvaluator {
    let root: JSON
    let limits: JSONPathLimits
    var budget: StepBudget
    /// The last pattern that was not a literal, since one is mostly used for many nodes.
    var lastPattern: (text: String, compiled: IRegexp?)?

    init(root: JSON, limits: JSONPathLimits) {
        self.root = root
        self.limits = limits
        budget = StepBudget(limits.steps)
    }

    mutating func nodes(
        _ segments: [PathSegment], from start: JSONPathNode
    ) throws(JSONPathLimitError) -> [JSONPathNode] {
        var nodes = [start]
        for segment in segments {
            var selected: [JSONPathNode] = []
            for node in nodes {
                if segment.isDescendant {
                    try descend(segment.selectors, node, into: &selected)
                } else {
                    try select(segment.selectors, node, into: &selected)
                }
            }
            nodes = selected
        }
        return nodes
    }

    private mutating func descend(
        _ selectors: [PathSelector], _ node: JSONPathNode, into selected: inout [JSONPathNode]
    ) throws(JSONPathLimitError) {
        try select(selectors, node, into: &selected)
        for child in try children(node) { try descend(selectors, child, into: &selected) }
    }

    private mutating func select(
        _ selectors: [PathSelector], _ node: JSONPathNode, into selected: inout [JSONPathNode]
    ) throws(JSONPathLimitError) {
        for selector in selectors {
            try budget.spend()
            switch selector {
            case .name(let name):
                if let member = node.value.member(name) {
                    selected.append(JSONPathNode(value: member, location: .member(name, of: node.location)))
                }
            case .index(let index):
                if let (position, element) = node.value.element(at: index) {
                    selected.append(JSONPathNode(value: element, location: .element(position, of: node.location)))
                }
            case .wildcard: selected += try children(node)
            case .slice(let start, let end, let step):
                guard case .array(let elements) = node.value else { continue }
                for index in Self.indices(start, end, step, count: elements.count) {
                    try budget.spend()
                    selected.append(JSONPathNode(value: elements[index], location: .element(index, of: node.location)))
                }
            case .filter(let condition):
                for child in try children(node) where try isTrue(condition, for: child.value) {
                    selected.append(child)
                }
            }
            guard selected.count <= limits.nodes else { throw JSONPathLimitError.nodes(limits.nodes) }
        }
    }

    private mutating func children(_ node: JSONPathNode) throws(JSONPathLimitError) -> [JSONPathNode] {
        switch node.value {
        case .array(let elements):
            try budget.spend(elements.count)
            return elements.enumerated().map {
                JSONPathNode(value: $1, location: .element($0, of: node.location))
            }
        case .object(let members):
            try budget.spend(members.count)
            return members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
                JSONPathNode(value: $0.value, location: .member($0.key, of: node.location))
            }
        default: return []
        }
    }

    /// The positions that a slice selects (RFC 9535, section 2.3.4.2.2).
    static func indices(_ start: Int?, _ end: Int?, _ step: Int, count: Int) -> StrideTo<Int> {
        guard step != 0 else { return stride(from: 0, to: 0, by: 1) }
        func normalized(_ index: Int) -> Int { index >= 0 ? index : count + index }
        let first = normalized(start ?? (step > 0 ? 0 : count - 1))
        if step > 0 {
            let last = normalized(end ?? count)
            return stride(from: min(max(first, 0), count), to: min(max(last, 0), count), by: step)
        }
        let last = end.map(normalized) ?? -1
        return stride(from: min(max(first, -1), count - 1), to: min(max(last, -1), count - 1), by: step)
    }
}

extension JSON {
    /// Names are compared character by character, without the equivalences of Unicode.
    func member(_ name: String) -> JSON? {
        guard case .object(let members) = self, let index = members.index(forKey: name),
            members[index].key.utf8.elementsEqual(name.utf8)
        else { return nil }
        return members[index].value
    }

    /// - Parameter index: negative from the end.
    func element(at index: Int) -> (Int, JSON)? {
        guard case .array(let elements) = self else { return nil }
        let position = index >= 0 ? index : elements.count + index
        return elements.indices.contains(position) ? (position, elements[position]) : nil
    }
}
