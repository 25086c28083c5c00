import WireFormats

/// The columns of the built-in kinds in `kubectl get`.
enum BuiltinColumns {
    static let age: [TableColumn] = [.name, .age]

    static let deployment: [TableColumn] = [
        .name, ready,
        number("Up-to-date", "status", "updatedReplicas"), number("Available", "status", "availableReplicas"), .age,
        containers("Containers", "name"), containers("Images", "image"), selector,
    ]

    static let statefulSet: [TableColumn] = [
        .name, ready, .age, containers("Containers", "name"), containers("Images", "image"),
    ]

    static let replicaSet: [TableColumn] = [
        .name, number("Desired", "spec", "replicas"), number("Current", "status", "replicas"),
        number("Ready", "status", "readyReplicas"), .age, containers("Containers", "name"),
        containers("Images", "image"), selector,
    ]

    static let namespace: [TableColumn] = [.name, text("Status", "status", "phase"), .age]

    static let pod: [TableColumn] = [.name, text("Status", "status", "phase"), .age]

    static let secret: [TableColumn] = [.name, text("Type", "type"), count("Data", "data"), .age]

    static let configMap: [TableColumn] = [.name, count("Data", "data"), .age]

    static let service: [TableColumn] = [
        .name, text("Type", "spec", "type"), text("Cluster-IP", "spec", "clusterIP"), .age,
    ]

    static let lease: [TableColumn] = [.name, text("Holder", "spec", "holderIdentity"), .age]

    static let autoscaler: [TableColumn] = [
        .name,
        TableColumn("Reference") { object, _ in
            let target = object[at: "spec", "scaleTargetRef"] ?? [:]
            return .string("\(target.string("kind") ?? "")/\(target.string("name") ?? "")")
        },
        number("MinPods", "spec", "minReplicas"), number("MaxPods", "spec", "maxReplicas"),
        number("Replicas", "status", "currentReplicas"), .age,
    ]

    static let definition: [TableColumn] = [
        .name,
        TableColumn("Created At", type: "date") { object, _ in
            object[at: "metadata", "creationTimestamp"] ?? .null
        },
    ]

    /// The columns of events in their stored form.
    static let event: [TableColumn] = [
        TableColumn("Last Seen") { object, now in
            let time =
                object.string("series", "lastObservedTime") ?? object.string("deprecatedLastTimestamp")
                ?? object.string("eventTime")
            return TableColumn.age(time ?? object.string("metadata", "creationTimestamp"), now)
        },
        text("Type", "type"), text("Reason", "reason"),
        TableColumn("Object") { object, _ in
            let about = object["regarding"] ?? [:]
            return .string("\((about.string("kind") ?? "").lowercased())/\(about.string("name") ?? "")")
        },
        TableColumn("Message") { object, _ in object["note"] ?? "" },
        TableColumn("Name", format: "name", priority: 1) { object, _ in .string(object.name) },
    ]

    private static let ready = TableColumn("Ready") { object, _ in
        let ready = object.int("status", "readyReplicas") ?? 0
        return .string("\(ready)/\(object.int("spec", "replicas") ?? 0)")
    }

    private static let selector = TableColumn("Selector", priority: 1) { object, _ in
        .string(ScalePaths.text(of: object[at: "spec", "selector"] ?? [:]))
    }

    private static func containers(_ name: String, _ field: String) -> TableColumn {
        TableColumn(name, priority: 1) { object, _ in
            let containers = object[at: "spec", "template", "spec", "containers"]?.arrayValue ?? []
            return .string(containers.compactMap { $0.string(field) }.joined(separator: ","))
        }
    }

    private static func text(_ name: String, _ path: String...) -> TableColumn {
        TableColumn(name) { object, _ in object[at: path] ?? "" }
    }

    private static func number(_ name: String, _ path: String...) -> TableColumn {
        TableColumn(name, type: "integer") { object, _ in object[at: path] ?? 0 }
    }

    private static func count(_ name: String, _ path: String...) -> TableColumn {
        TableColumn(name, type: "integer") { object, _ in JSON(object[at: path]?.objectValue?.count ?? 0) }
    }
}
