package import WireFormats
import YAMLFormat

extension Migration {
    /// The report and its results as JSON.
    package var json: JSON {
        let counts = counts
        return [
            "fields": [
                "converted": .integer(Int64(counts.converted)), "different": .integer(Int64(counts.different)),
                "notConvertible": .integer(Int64(counts.notConvertible)),
            ],
            "objects": .array(objects.map(Self.json)), "scalers": .array(scalers.map(\.json)),
            "secrets": .array(secrets.map(Self.json)),
            "plugins": plugins.isEmpty ? [:] : plugins.json,
        ]
    }

    private static func json(_ object: Object) -> JSON {
        var members: [String: JSON] = [
            "kind": .string(object.source.kind), "name": .string(object.source.name),
            "origin": .string(object.source.place(of: "")), "fields": .array(object.findings.map(\.json)),
            "notes": .array(object.notes.map { .string($0) }),
        ]
        if let namespace = object.source.namespace { members["namespace"] = .string(namespace) }
        if let fileName = object.fileName { members["file"] = .string(fileName) }
        return .object(members)
    }

    private static func json(_ task: SecretTask) -> JSON {
        var members: [String: JSON] = [
            "name": .string(task.name), "work": .string(task.sentence),
            "commands": .array(task.commands.map { .string($0) }),
        ]
        if let namespace = task.namespace { members["namespace"] = .string(namespace) }
        return .object(members)
    }
}

extension FieldFinding {
    package var json: JSON {
        var members: [String: JSON] = ["path": .string(path), "outcome": .string(outcome.name)]
        if let line { members["line"] = .integer(Int64(line)) }
        switch outcome {
        case .converted(let place): members["to"] = .string(place)
        case .different(let place, let meaning):
            if !place.isEmpty { members["to"] = .string(place) }
            members["meaning"] = .string(meaning)
        case .notConvertible(let nearest): members["nearest"] = .string(nearest)
        }
        return .object(members)
    }
}

extension PluginAdditions {
    /// The contents of `plugins.yaml`.
    package var yaml: String { YAMLText.text(json) }
}
