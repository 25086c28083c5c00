import WireFormats

/// Collects all schema violations, with the fields and reasons of the real server.
struct SchemaValidator {
    private var errors: [FieldError] = []
    /// The errors that prevent typed decoding: wrong types, malformed times.
    private var decodingErrors: [FieldError] = []

    static func errors(in value: JSON, of schema: Schema, path: String = "") -> [FieldError] {
        var validator = SchemaValidator()
        validator.check(value, schema, path)
        return validator.errors
    }

    static func decodingErrors(in value: JSON, of schema: Schema, path: String = "") -> [FieldError] {
        var validator = SchemaValidator()
        validator.check(value, schema, path)
        return validator.decodingErrors
    }

    private mutating func check(_ value: JSON, _ schema: Schema, _ path: String) {
        if value.isNull, schema.isNullable { return }
        guard checkType(value, schema, path) else { return }
        let before = errors.count
        switch value {
        case .object(let members): checkMembers(members, schema, path)
        case .array(let elements): checkElements(elements, schema, path)
        case .string(let text): checkString(text, schema.constraints, path)
        case .integer, .number: checkNumber(value, schema.constraints, path)
        case .null, .bool: break
        }
        if let allowed = schema.constraints.enumeration, !allowed.contains(value) {
            errors.insert(.notSupported(path, value, supported: allowed), at: before)
        }
        checkCombinations(value, schema.constraints, path)
    }

    // MARK: Types

    private mutating func checkType(_ value: JSON, _ schema: Schema, _ path: String) -> Bool {
        if schema.isIntOrString {
            switch value {
            case .string: return true
            case .integer: return true
            default: return mismatch(value, "integer,string", path)
            }
        }
        guard let type = schema.type else { return true }
        let fits =
            switch (type, value) {
            case (.object, .object), (.array, .array), (.string, .string), (.boolean, .bool), (.integer, .integer),
                (.number, .integer), (.number, .number):
                true
            case (.integer, .number(let number)): number == number.rounded() && number.magnitude < 0x1p63
            default: false
            }
        return fits || mismatch(value, type.rawValue, path)
    }

    private mutating func mismatch(_ value: JSON, _ expected: String, _ path: String) -> Bool {
        let found =
            switch value {
            case .null: "null"
            case .bool: "boolean"
            case .integer: "integer"
            case .number: "number"
            case .string: "string"
            case .array: "array"
            case .object: "object"
            }
        undecodable(
            FieldError(
                .typeInvalid, path,
                message: "Invalid value: \"\(found)\": \(path) in body must be of type \(expected): \"\(found)\""))
        return false
    }

    // MARK: Objects and arrays

    private mutating func checkMembers(_ members: [String: JSON], _ schema: Schema, _ path: String) {
        for name in schema.required where members[name] == nil { errors.append(.required(join(path, name))) }
        let constraints = schema.constraints
        if let least = constraints.minProperties, members.count < least {
            invalid(path, JSON(members.count), "should have at least \(least) properties")
        }
        if let most = constraints.maxProperties, members.count > most {
            errors.append(tooMany(path, members.count, most, "properties"))
        }
        for (name, member) in members.sorted(by: { $0.key < $1.key }) {
            if schema.isEmbeddedResource, schema.properties[name] == nil { continue }
            if let schema = schema.member(name) { check(member, schema, join(path, name)) }
        }
    }

    private mutating func checkElements(_ elements: [JSON], _ schema: Schema, _ path: String) {
        let constraints = schema.constraints
        if let least = constraints.minItems, elements.count < least {
            invalid(path, JSON(elements.count), "should have at least \(least) items")
        }
        if let most = constraints.maxItems, elements.count > most {
            errors.append(tooMany(path, elements.count, most, "items"))
            return
        }
        if let items = schema.items {
            for (index, element) in elements.enumerated() { check(element, items, "\(path)[\(index)]") }
        }
        checkUniqueness(elements, schema, path)
    }

    private mutating func checkUniqueness(_ elements: [JSON], _ schema: Schema, _ path: String) {
        var seen: Set<JSON> = []
        if schema.sharing == .set || schema.constraints.uniqueItems {
            for (index, element) in elements.enumerated() where !seen.insert(element).inserted {
                errors.append(.duplicate("\(path)[\(index)]", element))
            }
        } else if schema.sharing == .granular, !schema.listMapKeys.isEmpty {
            for (index, element) in elements.enumerated() {
                var key: [String: JSON] = [:]
                for name in schema.listMapKeys { key[name] = element[name] }
                if !seen.insert(.object(key)).inserted {
                    errors.append(.duplicate("\(path)[\(index)]", .object(key)))
                }
            }
        }
    }

    // MARK: Scalars

    private mutating func checkString(_ text: String, _ constraints: SchemaConstraints, _ path: String) {
        if let most = constraints.maxLength, text.unicodeScalars.count > most {
            errors.append(
                FieldError(.tooLong, path, message: "Too long: may not be more than \(most) bytes"))
        }
        if let least = constraints.minLength, text.unicodeScalars.count < least {
            invalid(path, .string(text), "should be at least \(least) chars long")
        }
        if let pattern = constraints.pattern, !SchemaPattern.matches(pattern, text) {
            invalid(path, .string(text), "should match '\(pattern)'")
        }
        if let format = constraints.format, !SchemaFormat.isValid(text, format) {
            undecodable(.invalid(path, .string(text), "\(path) in body must be of type \(format)"))
        }
    }

    private mutating func checkNumber(_ value: JSON, _ constraints: SchemaConstraints, _ path: String) {
        guard let number = value.doubleValue else { return }
        if let least = constraints.minimum, constraints.exclusiveMinimum ? number <= least : number < least {
            let relation = constraints.exclusiveMinimum ? "greater than" : "greater than or equal to"
            invalid(path, value, "should be \(relation) \(JSON.number(least))")
        }
        if let most = constraints.maximum, constraints.exclusiveMaximum ? number >= most : number > most {
            let relation = constraints.exclusiveMaximum ? "less than" : "less than or equal to"
            invalid(path, value, "should be \(relation) \(JSON.number(most))")
        }
        if let factor = constraints.multipleOf, factor > 0, number.remainder(dividingBy: factor) != 0 {
            invalid(path, value, "should be a multiple of \(JSON.number(factor))")
        }
        if constraints.format == "int32", Int32(exactly: number) == nil {
            undecodable(.invalid(path, value, "\(path) in body must be of type int32"))
        }
    }

    // MARK: Combinations

    private mutating func checkCombinations(_ value: JSON, _ constraints: SchemaConstraints, _ path: String) {
        for schema in constraints.allOf { check(value, schema, path) }
        if !constraints.anyOf.isEmpty {
            let attempts = constraints.anyOf.map { Self.errors(in: value, of: $0, path: path) }
            if !attempts.contains(where: \.isEmpty) {
                invalid(path, value, "must validate at least one schema (anyOf)")
                errors.append(contentsOf: attempts.min { $0.count < $1.count } ?? [])
            }
        }
        if !constraints.oneOf.isEmpty {
            let matches = constraints.oneOf.count { Self.errors(in: value, of: $0, path: path).isEmpty }
            if matches != 1 {
                invalid(path, value, "must validate one and only one schema (oneOf). Found \(matches) valid")
            }
        }
        if let schema = constraints.not, Self.errors(in: value, of: schema, path: path).isEmpty {
            invalid(path, value, "must not validate the schema (not)")
        }
    }

    // MARK: Errors

    private mutating func invalid(_ path: String, _ value: JSON, _ detail: String) {
        errors.append(.invalid(path, value, "\(path) in body \(detail)"))
    }

    private mutating func undecodable(_ error: FieldError) {
        errors.append(error)
        decodingErrors.append(error)
    }

    private func tooMany(_ path: String, _ count: Int, _ most: Int, _ what: String) -> FieldError {
        FieldError(.tooMany, path, message: "Too many: \(count): must have at most \(most) \(what)")
    }

    private func join(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}
