import WireFormats

/// A served version of a kind.
struct ResourceType: Sendable {
    var group: String
    var version: String
    var kind: String
    var plural: String
    var singular: String
    var listKind: String
    var shortNames: [String] = []
    var categories: [String] = []
    var isNamespaced: Bool
    var schema: Schema
    /// Whether this is a custom resource. These differ from built-in kinds in many details, as in the real server.
    var isCustom = false
    var hasStatus = false
    var scale: ScalePaths?
    var strategy = Strategy()
    var columns: [TableColumn] = []

    var groupVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
    var storage: GroupResource { GroupResource(group: strategy.storageGroup ?? group, resource: plural) }
    var groupKind: String { group.isEmpty ? kind : "\(group)/\(kind)" }

    /// The first members of an object: `"apiVersion":"apps/v1","kind":"Deployment",`.
    var typeMembers: [UInt8] {
        Array("\"apiVersion\":\"\(groupVersion)\",\"kind\":\"\(kind)\",".utf8)
    }

    /// Returns the subject of errors about finding or storing an object: its plural.
    func subject(_ name: String?) -> ErrorSubject { ErrorSubject(name: name, group: group, kind: plural) }

    /// Returns the subject of errors about an object's contents: its kind.
    func kindSubject(_ name: String?) -> ErrorSubject {
        ErrorSubject(name: name, group: strategy.storageGroup ?? group, kind: kind)
    }

    /// The verbs in the order of discovery.
    var verbs: [String] {
        isCustom
            ? ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
            : ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    }
}

/// The paths of a kind's scale subresource.
struct ScalePaths: Sendable {
    enum Selector: Sendable {
        /// A label selector object, converted to text.
        case labelSelector([String])
        /// A field with a selector in text form.
        case text([String])
    }

    var specReplicas: [String]
    var statusReplicas: [String]
    var selector: Selector?
}

/// Properties of a kind besides its schema.
struct Strategy: Sendable {
    /// The group in which the objects are stored, if it differs: for events.
    var storageGroup: String?
    var nameForm = NameRules.Form.subdomain
    /// Whether writes increment a generation.
    var countsGenerations = false
    /// Whether annotations change the generation, which is the case for Deployments only.
    var annotationsChangeGeneration = false
    /// Whether an update may omit the resourceVersion.
    var allowsUnconditionalUpdate = true
    var createsOnUpdate = false
    /// Whether a plain deletion returns the object in place of a Status.
    var deletionReturnsObject = false
    /// The members of the kind's empty object, which field managers do not list.
    var emptyObject: JSON = [:]
    /// The selectable fields besides name and namespace, with their paths.
    var selectableFields: [String: [String]] = [:]
    /// Sets defaults that depend on more than one field, before validation. The second value is the stored object.
    var prepare: @Sendable (_ object: inout JSON, _ old: JSON?) -> Void = { _, _ in }
    /// Validates rules beyond the schema. The second value is the stored object of an update.
    var validate: @Sendable (_ object: JSON, _ old: JSON?) -> [FieldError] = { _, _ in [] }
    /// The conversions from the stored form to the served one, and back.
    var served: (@Sendable (JSON) -> JSON)?
    var stored: (@Sendable (JSON) -> JSON)?
}

extension ResourceType {
    /// All selectable fields.
    var fieldPaths: [String: [String]] {
        var paths = strategy.selectableFields
        paths["metadata.name"] = ["metadata", "name"]
        if isNamespaced { paths["metadata.namespace"] = ["metadata", "namespace"] }
        return paths
    }

    /// Returns the object in this version, with its type.
    func present(_ object: ObjectVersion) -> [UInt8] {
        strategy.served.map { typed($0(object.json)).encoded() } ?? object.typed(typeMembers)
    }

    func typed(_ json: JSON) -> JSON {
        var json = json
        json.set(.string(groupVersion), at: "apiVersion")
        json.set(.string(kind), at: "kind")
        return json
    }
}
