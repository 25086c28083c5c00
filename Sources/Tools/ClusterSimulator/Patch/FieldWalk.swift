import WireFormats

/// Traverses objects with a schema to collect and compare their fields.
///
/// Source: sigs.k8s.io/structured-merge-diff, typed values.
enum FieldWalk {
    struct Difference {
        var added = FieldSet()
        var modified = FieldSet()
        var removed = FieldSet()

        var changed: FieldSet { added.union(modified) }
    }

    /// Returns the fields that an applied configuration claims.
    static func fields(of value: JSON, _ schema: Schema?) -> FieldSet {
        guard let children = children(of: value, schema), !children.isEmpty else { return .itself }
        var set = FieldSet()
        for (element, child, childSchema) in children {
            var fields = fields(of: child, childSchema)
            // Items of lists and maps are owned themselves; structs are not.
            if case .field(let name) = element, schema?.properties[name] != nil {
                set[element] = fields
            } else {
                fields.insertItself()
                set[element] = fields
            }
        }
        return set
    }

    static func difference(from old: JSON?, to new: JSON?, _ schema: Schema?) -> Difference {
        var difference = Difference()
        if old == new { return difference }
        guard let old, !old.isNull else {
            if let new { difference.added = everything(in: new, schema) }
            return difference
        }
        guard let new, !new.isNull else {
            difference.removed = everything(in: old, schema)
            return difference
        }
        guard let before = children(of: old, schema), let after = children(of: new, schema) else {
            difference.modified = .itself
            return difference
        }
        var remaining = Dictionary(before.map { ($0.element, $0.value) }, uniquingKeysWith: { first, _ in first })
        for (element, value, childSchema) in after {
            let inner = self.difference(from: remaining.removeValue(forKey: element), to: value, childSchema)
            difference.added[element] = inner.added
            difference.modified[element] = inner.modified
            difference.removed[element] = inner.removed
        }
        for (element, value, childSchema) in before where remaining[element] != nil {
            difference.removed[element] = everything(in: value, childSchema)
        }
        return difference
    }

    /// Returns the merge of an applied configuration into the live object.
    static func merge(_ applied: JSON, into live: JSON?, _ schema: Schema?) -> JSON {
        guard let live, let elements = children(of: applied, schema), children(of: live, schema) != nil else {
            return applied
        }
        switch live {
        case .object(var members):
            for case (.field(let name), let value, let childSchema) in elements {
                members[name] = merge(value, into: members[name], childSchema)
            }
            return .object(members)
        case .array(var items):
            var positions: [FieldSet.Element: Int] = [:]
            for (index, item) in items.enumerated() { positions[element(of: item, in: schema)] = index }
            for (element, value, childSchema) in elements {
                if let index = positions[element] {
                    items[index] = merge(value, into: items[index], childSchema)
                } else {
                    items.append(value)
                }
            }
            return .array(items)
        default: return applied
        }
    }

    /// Returns the object without the fields of a set, except descendants that another manager owns.
    static func removing(
        _ fields: FieldSet, keeping kept: FieldSet, from value: JSON, _ schema: Schema?
    ) -> JSON {
        func rest(_ item: JSON, _ element: FieldSet.Element, _ schema: Schema?) -> JSON? {
            let (dropped, others) = (fields[element], kept[element])
            if dropped.isMember, others.isEmpty { return nil }
            return dropped.isEmpty ? item : removing(dropped, keeping: others, from: item, schema)
        }
        switch value {
        case .object(var members):
            for case .field(let name) in fields.children.keys {
                guard let member = members[name] else { continue }
                members[name] = rest(member, .field(name), schema?.member(name))
            }
            return .object(members)
        case .array(let items):
            return .array(items.compactMap { rest($0, element(of: $0, in: schema), schema?.items) })
        default: return value
        }
    }

    /// Returns the field itself and all its descendants.
    private static func everything(in value: JSON, _ schema: Schema?) -> FieldSet {
        var set = FieldSet.itself
        for (element, child, childSchema) in children(of: value, schema) ?? [] {
            set[element] = everything(in: child, childSchema)
        }
        return set
    }

    /// Returns the parts of a value that have separate owners; nil for an atomic value.
    private static func children(
        of value: JSON, _ schema: Schema?
    ) -> [(element: FieldSet.Element, value: JSON, schema: Schema?)]? {
        switch value {
        case .object(let members):
            if let schema, schema.isAtomic { return nil }
            return members.map { (.field($0), $1, schema?.member($0)) }
        case .array(let items):
            guard let schema, !schema.isAtomic, schema.sharing == .set || !schema.listMapKeys.isEmpty else {
                return nil
            }
            return items.map { (element(of: $0, in: schema), $0, schema.items) }
        default: return nil
        }
    }

    private static func element(of item: JSON, in schema: Schema?) -> FieldSet.Element {
        guard let schema, schema.sharing != .set else { return .value(item) }
        var key: [String: JSON] = [:]
        for name in schema.listMapKeys { key[name] = item[name] ?? schema.items?.properties[name]?.defaultValue }
        return .key(key)
    }
}
