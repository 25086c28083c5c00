import WireFormats

/// The owners of an object's fields: `managedFields` in its metadata.
struct ManagedFields: Sendable, Equatable {
    enum Operation: String, Sendable {
        case apply = "Apply"
        case update = "Update"
    }

    struct Manager: Hashable, Sendable {
        var name: String
        var operation: Operation
        var apiVersion: String
        var subresource: String?
    }

    struct Entry: Sendable, Equatable {
        var manager: Manager
        var time: String?
        var fields: FieldSet
    }

    struct Conflict: Sendable, Equatable {
        var manager: Manager
        var path: String
    }

    private(set) var entries: [Entry] = []

    init() {}

    init(_ json: JSON?) {
        entries = (json?.arrayValue ?? []).compactMap { entry in
            guard let name = entry.string("manager"), let apiVersion = entry.string("apiVersion"),
                let operation = entry.string("operation").flatMap(Operation.init)
            else { return nil }
            return Entry(
                manager: Manager(
                    name: name, operation: operation, apiVersion: apiVersion, subresource: entry.string("subresource")),
                time: entry.string("time"), fields: FieldSet(fieldsV1: entry["fieldsV1"] ?? [:]))
        }
    }

    var json: JSON? {
        if entries.isEmpty { return nil }
        return .array(
            entries.map { entry in
                var json: JSON = [
                    "manager": .string(entry.manager.name), "operation": .string(entry.manager.operation.rawValue),
                    "apiVersion": .string(entry.manager.apiVersion), "fieldsType": "FieldsV1",
                    "fieldsV1": entry.fields.fieldsV1,
                ]
                json.set(entry.time.map { .string($0) }, at: "time")
                json.set(entry.manager.subresource.map { .string($0) }, at: "subresource")
                return json
            })
    }

    func fields(of manager: Manager) -> FieldSet {
        entries.first { $0.manager == manager }?.fields ?? FieldSet()
    }

    /// Updates the owners after an update: its manager owns what it changed.
    mutating func update(_ difference: FieldWalk.Difference, by manager: Manager, at time: String) {
        let taken = difference.changed
        if taken.isEmpty, difference.removed.isEmpty { return }
        let own = fields(of: manager).union(taken).subtracting(difference.removed)
        forget(taken.union(difference.removed), except: manager)
        set(own, of: manager, at: time)
    }

    /// Returns the fields of other managers that a change would take.
    func conflicts(_ difference: FieldWalk.Difference, by manager: Manager) -> [Conflict] {
        entries.filter { $0.manager != manager }.flatMap { entry in
            entry.fields.intersection(difference.changed).paths().map { Conflict(manager: entry.manager, path: $0) }
        }
    }

    /// Updates the owners after an apply: its manager owns what it specified, and others lose what it changed.
    mutating func apply(
        _ fields: FieldSet, _ difference: FieldWalk.Difference, by manager: Manager, at time: String
    ) {
        forget(difference.changed.union(difference.removed), except: manager)
        if self.fields(of: manager) != fields { set(fields, of: manager, at: time) }
    }

    /// Returns the fields that other managers own.
    func ownedByOthers(than manager: Manager) -> FieldSet {
        entries.filter { $0.manager != manager }.reduce(FieldSet()) { $0.union($1.fields) }
    }

    private mutating func forget(_ fields: FieldSet, except manager: Manager) {
        for index in entries.indices where entries[index].manager != manager {
            entries[index].fields = entries[index].fields.subtracting(fields)
        }
        entries.removeAll { $0.fields.isEmpty }
    }

    private mutating func set(_ fields: FieldSet, of manager: Manager, at time: String) {
        let entry = Entry(manager: manager, time: time, fields: fields)
        if let index = entries.firstIndex(where: { $0.manager == manager }) {
            if fields.isEmpty { entries.remove(at: index) } else { entries[index] = entry }
        } else if !fields.isEmpty {
            entries.append(entry)
        }
    }
}

extension ManagedFields {
    /// Returns the part of an object that can be owned: without its identity and the server's own fields.
    static func owned(_ object: JSON) -> JSON {
        var object = object
        object.set(nil, at: "apiVersion")
        object.set(nil, at: "kind")
        for name in [
            "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp",
            "deletionGracePeriodSeconds", "managedFields", "selfLink", "generateName",
        ] {
            object.set(nil, at: "metadata", name)
        }
        return object
    }

    /// Returns the fields that an applied configuration claims for its manager.
    static func claims(of applied: JSON, _ schema: Schema) -> FieldSet {
        var claims = FieldWalk.fields(of: owned(applied), schema)
        // Metadata that only identifies the object claims nothing.
        if claims[.field("metadata")] == .itself { claims.remove(.field("metadata")) }
        return claims
    }
}
