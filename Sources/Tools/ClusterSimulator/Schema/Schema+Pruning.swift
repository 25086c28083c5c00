import WireFormats

extension Schema {
    /// Drops unknown fields and sets defaults, as the real server does before validation.
    ///
    /// - Parameter unknown: receives the path of each dropped field.
    func normalize(_ value: inout JSON, path: String = "", unknown: inout [String]) {
        prune(&value, path: path, unknown: &unknown)
        applyDefaults(&value)
    }

    func prune(_ value: inout JSON, path: String, unknown: inout [String]) {
        switch value {
        case .object(var members):
            value = .null
            for (name, member) in members {
                let memberPath = path.isEmpty ? name : "\(path).\(name)"
                if isEmbeddedResource, ["apiVersion", "kind", "metadata"].contains(name) { continue }
                if let schema = self.member(name) {
                    var pruned = member
                    schema.prune(&pruned, path: memberPath, unknown: &unknown)
                    members[name] = pruned
                } else if !keepsUnknownMembers {
                    members[name] = nil
                    unknown.append(memberPath)
                }
            }
            value = .object(members)
        case .array(var elements):
            guard let items else { return }
            value = .null
            for index in elements.indices {
                items.prune(&elements[index], path: "\(path)[\(index)]", unknown: &unknown)
            }
            value = .array(elements)
        default: break
        }
    }

    func applyDefaults(_ value: inout JSON) {
        switch value {
        case .object(var members):
            value = .null
            for (name, schema) in properties {
                if var member = members[name], !(member.isNull && !schema.isNullable && schema.defaultValue != nil) {
                    schema.applyDefaults(&member)
                    members[name] = member
                } else if var member = schema.defaultValue {
                    schema.applyDefaults(&member)
                    members[name] = member
                }
            }
            if let additionalProperties {
                for (name, member) in members where properties[name] == nil {
                    var member = member
                    additionalProperties.applyDefaults(&member)
                    members[name] = member
                }
            }
            value = .object(members)
        case .array(var elements):
            guard let items else { return }
            value = .null
            for index in elements.indices { items.applyDefaults(&elements[index]) }
            value = .array(elements)
        default: break
        }
    }
}
