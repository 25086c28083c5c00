import WireFormats

/// Custom resource definitions: their own kind, and the kinds they define.
enum CustomResourceDefinition {
    static let resource = GroupResource(group: "apiextensions.k8s.io", resource: "customresourcedefinitions")

    static let type = ResourceType(
        group: resource.group, version: "v1", kind: "CustomResourceDefinition", plural: resource.resource,
        singular: "customresourcedefinition", listKind: "CustomResourceDefinitionList", shortNames: ["crd", "crds"],
        categories: ["api-extensions"], isNamespaced: false,
        schema: S.kind(
            [
                "spec": S.object(
                    [
                        "group": S.string, "names": names, "scope": S.string(oneOf: ["Namespaced", "Cluster"]),
                        "conversion": S.object(
                            [
                                "strategy": S.string(default: "None", oneOf: ["None", "Webhook"]),
                                "webhook": S.opaque,
                            ]),
                        "preserveUnknownFields": S.bool,
                        "versions": S.array(version),
                    ], required: ["group", "names", "scope", "versions"]),
                "status": S.object([
                    "acceptedNames": names, "conditions": S.with(S.conditions, ["nullable": true]),
                    "storedVersions": S.array(S.string), "observedGeneration": S.int64,
                ]),
            ], required: ["spec"]),
        hasStatus: true,
        strategy: strategy(), columns: BuiltinColumns.definition)

    private static let names = S.object([
        "plural": S.string, "singular": S.string, "kind": S.string, "listKind": S.string,
        "shortNames": S.array(S.string), "categories": S.array(S.string),
    ])

    private static let version = S.object(
        [
            "name": S.string, "served": S.bool, "storage": S.bool, "deprecated": S.bool,
            "deprecationWarning": S.string, "schema": S.object(["openAPIV3Schema": S.opaque]),
            "subresources": S.object([
                "status": S.opaque,
                "scale": S.object(
                    [
                        "specReplicasPath": S.string, "statusReplicasPath": S.string, "labelSelectorPath": S.string,
                    ], required: ["specReplicasPath", "statusReplicasPath"]),
            ]),
            "additionalPrinterColumns": S.array(
                S.object(
                    [
                        "name": S.string, "type": S.string, "format": S.string, "description": S.string,
                        "priority": S.int32, "jsonPath": S.string,
                    ], required: ["name", "type", "jsonPath"])),
            "selectableFields": S.array(S.object(["jsonPath": S.string], required: ["jsonPath"])),
        ],
        required: ["name", "served", "storage"])

    private static func strategy() -> Strategy {
        var strategy = Strategy()
        strategy.allowsUnconditionalUpdate = false
        strategy.countsGenerations = true
        strategy.prepare = { object, old in
            let kind = object.string("spec", "names", "kind") ?? ""
            object.setDefault(["strategy": "None"], at: "spec", "conversion")
            object.setDefault(.string(kind.lowercased()), at: "spec", "names", "singular")
            object.setDefault(.string(kind + "List"), at: "spec", "names", "listKind")
            guard old == nil else { return }
            let stored = object[at: "spec", "versions"]?.arrayValue?.first { $0["storage"] == true }?["name"]
            object.set(
                [
                    "conditions": .null, "acceptedNames": ["plural": "", "kind": ""],
                    "storedVersions": stored.map { [$0] } ?? [],
                ], at: "status")
        }
        strategy.validate = { object, old in DefinitionRules.errors(object, old: old) }
        return strategy
    }

    /// Returns the kinds that a definition adds.
    static func types(_ definition: JSON) -> [ResourceType] {
        let spec = definition["spec"] ?? [:]
        let names = spec["names"] ?? [:]
        return (spec["versions"]?.arrayValue ?? []).filter { $0["served"] == true }.map { version in
            var type = ResourceType(
                group: spec.string("group") ?? "", version: version.string("name") ?? "",
                kind: names.string("kind") ?? "", plural: names.string("plural") ?? "",
                singular: names.string("singular") ?? "", listKind: names.string("listKind") ?? "",
                shortNames: names["shortNames"]?.arrayValue?.compactMap(\.stringValue) ?? [],
                categories: names["categories"]?.arrayValue?.compactMap(\.stringValue) ?? [],
                isNamespaced: spec.string("scope") == "Namespaced", schema: schema(version), isCustom: true)
            type.hasStatus = version[at: "subresources", "status"] != nil
            type.scale = version[at: "subresources", "scale"].map(scalePaths)
            type.strategy.allowsUnconditionalUpdate = false
            type.strategy.countsGenerations = true
            for field in version["selectableFields"]?.arrayValue ?? [] {
                let path = path(field.string("jsonPath"))
                type.strategy.selectableFields[path.joined(separator: ".")] = path
            }
            type.columns = columns(version)
            return type
        }
    }

    private static func schema(_ version: JSON) -> Schema {
        let written = version[at: "schema", "openAPIV3Schema"] ?? S.opaque
        return Schema(written).replacing(["apiVersion": S.string, "kind": S.string, "metadata": S.metadata])
    }

    private static func scalePaths(_ scale: JSON) -> ScalePaths {
        ScalePaths(
            specReplicas: path(scale.string("specReplicasPath")),
            statusReplicas: path(scale.string("statusReplicasPath")),
            selector: scale.string("labelSelectorPath").map { .text(path($0)) })
    }

    /// Parses a simple path in a definition: `.spec.replicas`.
    private static func path(_ text: String?) -> [String] {
        (text ?? "").split(separator: ".").map(String.init)
    }

    private static func columns(_ version: JSON) -> [TableColumn] {
        guard let declared = version["additionalPrinterColumns"]?.arrayValue, !declared.isEmpty else {
            return [.name, .age]
        }
        return [.name]
            + declared.map { column in
                let path = column.string("jsonPath") ?? ""
                let type = column.string("type") ?? "string"
                let query = JSONPath(path)
                return TableColumn(
                    column.string("name") ?? "", type: type, format: column.string("format") ?? "",
                    description: column.string("description")
                        ?? "Custom resource definition column (in JSONPath format): \(path)",
                    priority: column.int("priority") ?? 0
                ) { object, now in TableColumn.customCell(query.values(in: object), type: type, now: now) }
            }
    }
}
