import KubernetesClient
import Scaling
import SystemIO
import WireFormats

extension AssistantTools {
    /// The periods that can be replayed.
    enum Period: String, CaseIterable {
        case hour = "1h"
        case sixHours = "6h"
        case day = "1d"
        case week = "7d"

        var seconds: Int {
            switch self {
            case .hour: 3_600
            case .sixHours: 6 * 3_600
            case .day: 86_400
            case .week: 7 * 86_400
            }
        }
    }

    /// The members of a comparison that an assistant reads: no points of charts.
    private static let shown = [
        "resolutionSeconds", "notes", "assumptions", "startupSeconds", "differenceCount", "differingSeconds",
        "patchYAML",
        "commands",
    ]

    func simulateSpec(_ arguments: JSONReader) async throws -> [String: JSON] {
        let key = try arguments.scaler()
        let period = try arguments.optional("period")?.oneOf(Period.self) ?? .hour
        let origin = try arguments.optional("readings")?.oneOf(ReplayReadings.Origin.self) ?? .memory
        let spec = try arguments.optional("spec")?.nonEmptyString()
        let changes = try arguments.optional("changes")?.object() ?? [:]
        guard (spec == nil) != changes.isEmpty else {
            throw Failure(message: "give either changes, with at least one field, or spec")
        }
        guard changes.count <= AssistantLimits.changes else {
            throw Failure(message: "changes has more than \(AssistantLimits.changes) fields: give spec")
        }
        let answer = try await scaler(key)
        let whatIf = WhatIf(upstream: try await upstream(), sources: sources)
        let yaml = if let spec { spec } else { try await Self.changed(key, changes, whatIf) }
        let question: JSON = [
            "namespace": .string(key.namespace), "name": .string(key.name), "yaml": .string(yaml),
            "seconds": .integer(Int64(period.seconds)), "source": .string(origin.rawValue),
        ]
        let comparison = try await turn.withPermit { try await whatIf.answer(.replay, question.encoded()) }
        guard case .json(let json) = comparison else { return [:] }
        var result = head(answer)
        for member in Self.shown { result[member] = json[member] }
        result["readings"] = .string(origin.rawValue)
        for member in ["from", "to"] { result[member] = json[member]?.intValue.map(Self.text) }
        result["present"] = json["present"]?["summary"]
        result["changed"] = json["changed"]?["summary"]
        result["differences"] = .array(
            (json["differences"]?.arrayValue ?? []).prefix(AssistantLimits.differences).map(Self.difference))
        return result
    }

    /// Returns the present spec with the changes, as text.
    private static func changed(_ key: ObjectKey, _ changes: [String: JSON], _ whatIf: WhatIf) async throws -> String {
        let question: JSON = ["namespace": .string(key.namespace), "name": .string(key.name)]
        guard case .json(let draft) = try await whatIf.answer(.draft, question.encoded()), var spec = draft["spec"]
        else {
            throw Failure(message: "the spec of \(key) is unknown")
        }
        for (path, value) in changes.sorted(by: { $0.key < $1.key }) {
            guard let next = WhatIf.set(value, in: spec, path.split(separator: ".")[...]), !path.isEmpty else {
                let quoted = path.cleaned.shortened(to: AssistantLimits.quotedCharacters)
                throw Failure(
                    message: "changes: the spec has no place \(quoted). A path such as safety.cooldownSeconds or "
                        + "metrics.0.targetValue is relative to spec")
            }
            spec = next
        }
        return SpecDraft.yaml(spec)
    }

    private static func difference(_ json: JSON) -> JSON {
        var difference: [String: JSON] = [:]
        for member in ["from", "to"] { difference[member] = json[member]?.intValue.map(text) }
        for side in ["present", "changed"] {
            difference[side] = ["replicas": json[side]?["replicas"] ?? .null, "reason": json[side]?["reason"] ?? .null]
        }
        return .object(difference)
    }
}
