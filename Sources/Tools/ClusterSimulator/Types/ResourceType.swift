import WireFormats

/// A kind in one version, as the server serves it.
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
    /// Custom resources differ from built-in kinds in many small ways; each is as the real server has it.
    var isCustom = false
    var hasStatus = false
    var scale: ScalePaths?
    var strategy = Strategy()
    var columns: [TableColumn] = []

    var groupVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
    var storage: GroupResource { GroupResource(group: strategy.storageGroup ?? group, resource: plural) }
    var groupKind: String { group.isEmpty ? kind : "\(group)/\(kind)" }

    /// `"apiVersion":"apps/v1","kind":"Deployment",`: what goes before the members of an object.
    var typeMembers: [UInt8] {
        Array("\"apiVersion\":\"\(groupVersion)\",\"kind\":\"\(kind)\",".utf8)
    }

    /// Returns the subject of errors about finding or storing an object: its plural.
    func subject(_ name: String?) -> ErrorSubject { ErrorSubject(name: name, group: group, kind: plural) }

    /// Returns the subject of errors about what an object says: its kind.
    func kindSubject(_ name: String?) -> ErrorSubject {
        ErrorSubject(name: name, group: strategy.storageGroup ?? group, kind: kind)
    }

    /// Verbs in the order in which discovery names them.
    var verbs: [String] {
        isCustom
            ? ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
            : ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    }
}

/// Where a kind keeps what its scale subresource shows.
struct ScalePaths: Sendable {
    enum Selector: Sendable {
        /// A label selector object, written out as text.
        case labelSelector([String])
        /// A field that holds the text already.
        case text([String])
    }

    var specReplicas: [String]
    var statusReplicas: [String]
    var selector: Selector?
}

/// What is particular to a kind, beyond its schema.
struct Strategy: Sendable {
    /// Where another group keeps the same objects: events.
    var storageGroup: String?
    var nameForm = NameRules.Form.subdomain
    /// Whether writes count a generation.
    var countsGenerations = false
    /// Annotations count too: the real server does so for Deployments alone.
    var annotationsChangeGeneration = false
    /// Whether an update may come without a resourceVersion.
    var allowsUnconditionalUpdate = true
    var createsOnUpdate = false
    /// Whether a plain deletion is answered with the object instead of a Status.
    var deletionReturnsObject = false
    /// What the kind's empty object has: its fields own nothing, so field managers do not list them.
    var emptyObject: JSON = [:]
    /// The fields beyond name and namespace by which a field selector may select, with their paths.
    var selectableFields: [String: [String]] = [:]
    /// Fills in what depends on more than one field, before validation. The second value is the stored object.
    var prepare: @Sendable (_ object: inout JSON, _ old: JSON?) -> Void = { _, _ in }
    /// What the schema cannot say. The second value is the stored object of an update.
    var validate: @Sendable (_ object: JSON, _ old: JSON?) -> [FieldError] = { _, _ in [] }
    /// From the stored form to the served one, and back.
    var served: (@Sendable (JSON) -> JSON)?
    var stored: (@Sendable (JSON) -> JSON)?
}

extension ResourceType {
    /// All fields that a field selector may name.
    var fieldPaths: [String: [String]] {
        var paths = strategy.selectableFields
        paths["metadata.name"] = ["metadata", "name"]
        if isNamespaced { paths["metadata.namespace"] = ["metadata", "namespace"] }
        return paths
    }

    /// Returns the object as this version shows it, with its type.
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
