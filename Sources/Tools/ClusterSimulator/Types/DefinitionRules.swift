import WireFormats

/// The rules for a custom resource definition in addition to its schema.
enum DefinitionRules {
    static func errors(_ definition: JSON, old: JSON?) -> [FieldError] {
        let spec = definition["spec"] ?? [:]
        let group = spec.string("group") ?? ""
        let plural = spec.string("names", "plural") ?? ""
        var errors: [FieldError] = []
        if definition.name != "\(plural).\(group)" {
            errors.append(
                .invalid(
                    "metadata.name", .string(definition.name), "must be spec.names.plural+\".\"+spec.group"))
        }
        if !group.contains(".") || !NameRules.isSubdomain(group) {
            errors.append(.invalid("spec.group", .string(group), "should be a domain with at least one dot"))
        }
        errors += nameErrors(spec["names"] ?? [:])
        errors += versionErrors(spec["versions"]?.arrayValue ?? [])
        if let old {
            for path in [
                ["spec", "group"], ["spec", "scope"], ["spec", "names", "plural"], ["spec", "names", "kind"],
            ]
            where old[at: path] != definition[at: path] {
                errors.append(
                    .invalid(path.joined(separator: "."), definition[at: path] ?? .null, "field is immutable"))
            }
        }
        return errors
    }

    private static func nameErrors(_ names: JSON) -> [FieldError] {
        var errors: [FieldError] = []
        for name in ["plural", "singular", "kind", "listKind"] {
            let path = "spec.names.\(name)"
            guard let value = names.string(name), !value.isEmpty else {
                errors.append(.required(path))
                continue
            }
            if let problem = NameRules.problem(value.lowercased(), .serviceName) {
                errors.append(.invalid(path, .string(value), problem))
            }
        }
        for (index, name) in (names["shortNames"]?.arrayValue ?? []).enumerated() {
            if let problem = NameRules.problem(name.stringValue ?? "", .serviceName) {
                errors.append(.invalid("spec.names.shortNames[\(index)]", name, problem))
            }
        }
        return errors
    }

    private static func versionErrors(_ versions: [JSON]) -> [FieldError] {
        var errors: [FieldError] = []
        if versions.count(where: { $0["storage"] == true }) != 1 {
            errors.append(
                .invalid("spec.versions", .array(versions), "must have exactly one version marked as storage version"))
        }
        var names: Set<String> = []
        for (index, version) in versions.enumerated() {
            let path = "spec.versions[\(index)]"
            let name = version.string("name") ?? ""
            if let problem = NameRules.problem(name, .serviceName) {
                errors.append(.invalid("\(path).name", .string(name), problem))
            }
            if !names.insert(name).inserted { errors.append(.duplicate("\(path).name", .string(name))) }
            guard let root = version[at: "schema", "openAPIV3Schema"] else {
                errors.append(.required("\(path).schema.openAPIV3Schema", "schemas are required"))
                continue
            }
            errors += StructuralRules.errors(root, path: "\(path).schema.openAPIV3Schema")
            for (column, declared) in (version["additionalPrinterColumns"]?.arrayValue ?? []).enumerated() {
                let types = ["integer", "number", "string", "boolean", "date"]
                if !types.contains(declared.string("type") ?? "") {
                    errors.append(
                        .invalid(
                            "\(path).additionalPrinterColumns[\(column)].type", declared["type"] ?? "",
                            "must be one of \(types.joined(separator: ","))"))
                }
            }
        }
        return errors
    }
}

/// The rules of structural schemas: every field has a type, and combinations do not define structure.
struct StructuralRules {
    private var errors: [FieldError] = []

    static func errors(_ root: JSON, path: String) -> [FieldError] {
        var rules = StructuralRules()
        if root.string("type") != "object" {
            rules.errors.append(.invalid("\(path).type", root["type"] ?? "", "must be object at the root"))
        }
        rules.check(root, path)
        return rules.errors
    }

    private mutating func check(_ node: JSON, _ path: String) {
        let isFree =
            node["x-kubernetes-preserve-unknown-fields"] == true || node["x-kubernetes-int-or-string"] == true
        if node.string("type") == nil, !isFree {
            errors.append(.required("\(path).type", "must not be empty for specified object fields"))
        }
        if node["properties"] != nil, node["additionalProperties"] != nil {
            errors.append(
                .forbidden("\(path).additionalProperties", "additionalProperties and properties are mutual exclusive"))
        }
        if node["$ref"] != nil { errors.append(.forbidden("\(path).$ref", "$ref is not supported")) }
        if node["uniqueItems"] == true {
            errors.append(.forbidden("\(path).uniqueItems", "uniqueItems cannot be set to true"))
        }
        if let pattern = node.string("pattern"), !SchemaPattern.isValid(pattern) {
            errors.append(.invalid("\(path).pattern", .string(pattern), "must be a valid regular expression"))
        }
        if node.string("type") == "array", node["items"] == nil {
            errors.append(.required("\(path).items", "must be specified"))
        }
        checkDefault(node, path)
        for (name, child) in (node["properties"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            if path.hasSuffix(".openAPIV3Schema"), name == "metadata" { continue }
            check(child, "\(path).properties[\(name)]")
        }
        if let items = node["items"] { check(items, "\(path).items") }
        if let values = node["additionalProperties"], values.boolValue == nil {
            check(values, "\(path).additionalProperties")
        }
    }

    private mutating func checkDefault(_ node: JSON, _ path: String) {
        guard let value = node["default"] else { return }
        let schema = Schema(node)
        var pruned = value
        var unknown: [String] = []
        schema.normalize(&pruned, unknown: &unknown)
        if !unknown.isEmpty {
            errors.append(.invalid("\(path).default", value, "must not have unknown fields"))
        }
        for error in SchemaValidator.errors(in: pruned, of: schema, path: "\(path).default") { errors.append(error) }
    }
}
