import WireFormats

/// A set of an object's fields, as owned by one manager. Encoded as `fieldsV1`.
struct FieldSet: Hashable, Sendable {
    enum Element: Hashable, Sendable {
        case field(String)
        /// A list item, by its keys.
        case key([String: JSON])
        /// A set item, by its value.
        case value(JSON)
    }

    /// Whether the field at this path itself is in the set.
    private(set) var isMember = false
    private(set) var children: [Element: FieldSet] = [:]

    static let itself = FieldSet(isMember: true, children: [:])

    var isEmpty: Bool { !isMember && children.isEmpty }

    private init(isMember: Bool, children: [Element: FieldSet]) {
        self.isMember = isMember
        self.children = children
    }

    init() {}

    subscript(element: Element) -> FieldSet {
        get { children[element] ?? FieldSet() }
        set { children[element] = newValue.isEmpty ? nil : newValue }
    }

    mutating func insertItself() { isMember = true }

    mutating func remove(_ element: Element) { children[element] = nil }

    func union(_ other: FieldSet) -> FieldSet {
        FieldSet(
            isMember: isMember || other.isMember, children: children.merging(other.children) { $0.union($1) })
    }

    func intersection(_ other: FieldSet) -> FieldSet {
        combined(other) {
            $0 && $1
        } children: {
            $0.intersection($1)
        }
    }

    /// Returns the set without exactly the fields of the other set.
    func subtracting(_ other: FieldSet) -> FieldSet {
        var rest = FieldSet(isMember: isMember && !other.isMember, children: [:])
        for (element, child) in children { rest[element] = child.subtracting(other[element]) }
        return rest
    }

    /// Returns this set without the fields of the other set and their descendants.
    func subtractingRecursively(_ other: FieldSet) -> FieldSet {
        if other.isMember { return FieldSet() }
        var rest = FieldSet(isMember: isMember, children: [:])
        for (element, child) in children { rest[element] = child.subtractingRecursively(other[element]) }
        return rest
    }

    /// Returns the path of every member as in conflict messages: `.spec.replicas`, `.spec.containers[name="c"].image`.
    func paths(prefix: String = "") -> [String] {
        (isMember ? [prefix] : [])
            + children.map { (prefix + $0.path, $1) }.sorted { $0.0 < $1.0 }.flatMap { $1.paths(prefix: $0) }
    }

    private func combined(
        _ other: FieldSet, member: (Bool, Bool) -> Bool, children combine: (FieldSet, FieldSet) -> FieldSet
    ) -> FieldSet {
        var result = FieldSet(isMember: member(isMember, other.isMember), children: [:])
        for (element, child) in children { result[element] = combine(child, other[element]) }
        return result
    }
}

extension FieldSet.Element {
    init?(fieldsV1 text: String) {
        let body = String(text.dropFirst(2))
        switch text.prefix(2) {
        case "f:": self = .field(body)
        case "k:":
            guard let key = (try? JSON(parsing: body))?.objectValue else { return nil }
            self = .key(key)
        case "v:":
            guard let value = try? JSON(parsing: body) else { return nil }
            self = .value(value)
        default: return nil
        }
    }

    var fieldsV1: String {
        switch self {
        case .field(let name): "f:\(name)"
        case .key(let key): "k:\(JSON.object(key))"
        case .value(let value): "v:\(value)"
        }
    }

    var path: String {
        switch self {
        case .field(let name): ".\(name)"
        case .key(let key): "[\(key.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: ","))]"
        case .value(let value): "[=\(value)]"
        }
    }
}

extension FieldSet {
    /// Reads `fieldsV1`.
    init(fieldsV1 json: JSON) {
        for (name, child) in json.objectValue ?? [:] {
            if name == "." {
                isMember = true
            } else if let element = Element(fieldsV1: name) {
                self[element] =
                    child.objectValue?.isEmpty ?? true ? .itself : FieldSet(fieldsV1: child)
            }
        }
    }

    var fieldsV1: JSON {
        var members: [String: JSON] = [:]
        for (element, child) in children {
            var written = child.fieldsV1
            // A leaf is encoded as `{}`; a member with children has a `.`.
            if child.isMember, !child.children.isEmpty { written.set([:], at: ".") }
            members[element.fieldsV1] = written
        }
        return .object(members)
    }
}
