import WireFormats
import YAMLFormat

/// Converts ScaledObjects and HorizontalPodAutoscalers to GeneralScalers. Reads and writes nothing.
package struct Migrator {
    private let objects: SourceObjects
    private let adapter: AdapterRules
    private let comments: [String: SourceComments]
    private var taken: Set<String> = []

    private static let kedaGroups: Set = ["keda.sh", "keda.k8s.io", "eventing.keda.sh"]
    private static let parameterKinds: Set = ["TriggerAuthentication", "ClusterTriggerAuthentication"]

    /// - Parameters:
    ///   - objects: the objects to convert, and those they refer to: authentications, workloads, ConfigMaps, rules of
    ///     prometheus-adapter.
    ///   - comments: the comments of the files, by the file.
    package init(_ objects: [SourceObject], comments: [String: SourceComments] = [:]) {
        self.objects = SourceObjects(all: objects)
        self.comments = comments
        adapter = AdapterRules(objects.flatMap(Self.configurations))
    }

    /// Returns the objects that may be configurations of prometheus-adapter: those in ConfigMaps too.
    private static func configurations(_ object: SourceObject) -> [SourceObject] {
        guard object.kind == "ConfigMap" else { return object.kind.isEmpty ? [object] : [] }
        return (object.json["data"]?.objectValue ?? [:]).values.compactMap(\.stringValue).compactMap { text in
            guard text.contains("ules:"), let json = try? YAMLDocument.parseFirst(text) else { return nil }
            return SourceObject(json, origin: object.origin)
        }
    }

    package mutating func migrate() -> Migration {
        var result = Migration()
        var parameters: [String: FieldLedger] = [:]
        for object in objects.all where Self.parameterKinds.contains(object.kind) {
            parameters[object.label] = FieldLedger(object, keepsBest: true)
        }
        var used: Set<String> = []
        for object in objects.all {
            switch object.kind {
            case "ScaledObject" where Self.kedaGroups.contains(object.group):
                scaledObject(object, parameters, &used, &result)
            case "ScaledJob" where Self.kedaGroups.contains(object.group):
                scaledJob(object, &result)
            case "HorizontalPodAutoscaler" where object.group == "autoscaling":
                hpa(object, &result)
            default: break
            }
        }
        for object in objects.all {
            guard let ledger = parameters[object.label], ledger.object.origin == object.origin else { continue }
            Authentication.markCommon(ledger, isUsed: used.contains(object.label))
            add(ledger, fileName: nil, to: &result)
        }
        for scaler in result.scalers { result.plugins.allowServers(of: scaler.json) }
        return result
    }

    // MARK: Kinds

    private mutating func scaledObject(
        _ object: SourceObject, _ parameters: [String: FieldLedger], _ used: inout Set<String>,
        _ result: inout Migration
    ) {
        let ledger = FieldLedger(object)
        let context = ScalerContext(name: freeName(object), namespace: object.namespace, objects: objects)
        let known = objects
        var found: Set<String> = []
        var conversion = ScaledObjectConversion(ledger, context) { reference, namespace in
            let kind = reference["kind"]?.stringValue ?? "TriggerAuthentication"
            guard let name = reference["name"]?.stringValue,
                let object = known.find([kind], name: name, namespace: namespace)
            else { return nil }
            found.insert(object.label)
            return parameters[object.label]
        }
        let draft = conversion.convert()
        used.formUnion(found)
        add(draft, ledger, context, to: &result)
    }

    private func scaledJob(_ object: SourceObject, _ result: inout Migration) {
        let ledger = FieldLedger(object)
        let nearest =
            "a Deployment that processes a queue, or Kueue for Jobs: a ScaledJob starts Jobs, which have no scale"
        for field in ["apiVersion", "kind", "metadata", "spec"] { ledger.refuse(field, nearest: nearest) }
        if object.json["status"] != nil { ledger.different("status", to: "", "written by KEDA") }
        add(ledger, fileName: nil, to: &result)
    }

    private mutating func hpa(_ object: SourceObject, _ result: inout Migration) {
        let ledger = FieldLedger(object)
        let owner = object.json["metadata"]?["ownerReferences"]?[0]
        if owner?["kind"]?.stringValue == "ScaledObject" {
            let reason = "belongs to ScaledObject \(owner?["name"]?.stringValue ?? ""), which is converted in its place"
            for field in ["apiVersion", "kind", "metadata", "spec", "status"] where object.json[field] != nil {
                ledger.different(field, to: "", reason)
            }
            return add(ledger, fileName: nil, to: &result)
        }
        let context = ScalerContext(name: freeName(object), namespace: object.namespace, objects: objects)
        var conversion = HPAConversion(ledger, context, adapter: adapter)
        let draft = conversion.convert()
        add(draft, ledger, context, to: &result)
    }

    /// Returns the name of the object, with a suffix if another scaler of the namespace has it.
    private mutating func freeName(_ object: SourceObject) -> String {
        let space = object.namespace ?? ""
        var name = object.name
        var number = 2
        while !taken.insert("\(space)/\(name)").inserted {
            name = "\(object.name)-\(number)"
            number += 1
        }
        return name
    }

    // MARK: Results

    private func add(_ draft: ScalerDraft?, _ ledger: FieldLedger, _ context: ScalerContext, to result: inout Migration)
    {
        guard let draft else { return add(ledger, fileName: nil, to: &result) }
        var fileName = "\(context.name).yaml"
        if result.scalers.contains(where: { $0.fileName == fileName }) {
            fileName = "\(context.namespace ?? "default").\(context.name).yaml"
        }
        add(ledger, fileName: fileName, to: &result)
        let findings = result.objects.last?.findings ?? []
        let json = draft.json
        let yaml = CommentedYAML(
            json: json, findings: findings, comments: comments[ledger.object.origin], source: ledger.object)
        result.scalers.append(
            Migration.Scaler(
                source: ledger.object, name: context.name, namespace: context.namespace, json: json, yaml: yaml.text,
                fileName: fileName))
        for task in context.secretTasks(for: json) where !result.secrets.contains(task) { result.secrets.append(task) }
        result.plugins.merge(context.plugins)
    }

    private func add(_ ledger: FieldLedger, fileName: String?, to result: inout Migration) {
        let kind = ledger.object.kind
        let findings = ledger.findings { path in Self.nearest(path, kind) }
        result.objects.append(
            Migration.Object(source: ledger.object, fileName: fileName, findings: findings, notes: ledger.notes))
    }

    /// What a field that no rule knows may be.
    private static func nearest(_ path: String, _ kind: String) -> String {
        let name = path.split(separator: ".").last.map { String($0) } ?? path
        return "no rule for `\(name)`: check its spelling, and its effect in the documentation of the \(kind)"
    }
}
