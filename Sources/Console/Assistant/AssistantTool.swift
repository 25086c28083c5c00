import WireFormats

/// The tools by name, and what an assistant knows of them.
enum AssistantTool: String, CaseIterable {
    case listScalers = "list_scalers"
    case explainScaler = "explain_scaler"
    case listDecisions = "list_decisions"
    case simulateSpec = "simulate_spec"

    private var title: String {
        switch self {
        case .listScalers: "List scalers"
        case .explainScaler: "Explain a scaler"
        case .listDecisions: "List decisions"
        case .simulateSpec: "Simulate a changed spec"
        }
    }

    private var summary: String {
        switch self {
        case .listScalers:
            "Lists the GeneralScalers that the operator manages, those that need attention first: target, replicas, the "
                + "deciding metric, what limits the replicas, and the reason in a sentence."
        case .explainScaler:
            "Explains the replicas of one GeneralScaler: its spec without the configs of metrics, its status with all "
                + "conditions and metrics, the latest readings and decisions, and in `next` what would cause the next "
                + "scaling event."
        case .listDecisions:
            "Lists the decisions of a period in which something changed, oldest first, each with its reason. If "
                + "`incompleteBefore` is set, earlier decisions of the period are no longer in the operator's memory."
        case .simulateSpec:
            "Replays recorded readings with the present spec of a GeneralScaler and with a changed one, and compares "
                + "them: replica-hours, time out of SLO, and the first decisions that differ. Changes nothing in the cluster; the "
                + "answer has the patch and the commands with which a user can apply the change."
        }
    }

    private var arguments: [String: JSON] {
        switch self {
        case .listScalers: Self.listArguments
        case .explainScaler: Self.scaler
        case .listDecisions: Self.decisionArguments
        case .simulateSpec: Self.scaler.merging(Self.simulationArguments) { first, _ in first }
        }
    }

    var argumentNames: [String] { arguments.keys.sorted() }

    private var required: [JSON] {
        switch self {
        case .listScalers, .listDecisions: []
        case .explainScaler, .simulateSpec: ["name", "namespace"]
        }
    }

    /// The tool in the list for a client.
    var json: JSON {
        [
            "name": .string(rawValue), "title": .string(title), "description": .string(summary),
            "inputSchema": [
                "type": "object", "properties": .object(arguments), "required": .array(required),
                "additionalProperties": false,
            ],
            "annotations": [
                "title": .string(title), "readOnlyHint": true, "destructiveHint": false, "idempotentHint": true,
                "openWorldHint": false,
            ],
        ]
    }

    // MARK: Schemas

    private static let listArguments: [String: JSON] = [
        "namespace": name("Only scalers of this namespace. Default: all."),
        "search": text("Only scalers with this text in their namespace, name or target."),
        "needsAttention": [
            "type": "boolean", "default": false,
            "description": "Only scalers that are not ready or are limited.",
        ],
        "limit": number(
            AssistantLimits.scalers, default: AssistantLimits.defaultScalers, "Number of scalers in the answer."),
        "offset": [
            "type": "integer", "minimum": 0, "default": 0,
            "description": "Number of scalers to skip: `nextOffset` of the previous answer.",
        ],
    ]

    private static let decisionArguments: [String: JSON] = [
        "namespace": name("Only decisions of scalers in this namespace; required with `name`. Default: all."),
        "name": name("Only decisions of this GeneralScaler."),
        "from": time("Start of the period. Default: an hour before its end."),
        "to": time("End of the period. Default: now."),
        "limit": number(
            AssistantLimits.decisions, default: AssistantLimits.defaultDecisions,
            "Number of decisions in the answer, the newest ones of the period."),
    ]

    private static let simulationArguments: [String: JSON] = [
        "changes": [
            "type": "object", "minProperties": 1, "maxProperties": .integer(Int64(AssistantLimits.changes)),
            "description": .string(changesDescription),
        ],
        "spec": text("The whole changed spec, as YAML. Instead of `changes`."),
        "period": choice(
            AssistantTools.Period.allCases.map(\.rawValue), default: AssistantTools.Period.hour.rawValue,
            "How far back the replay begins."),
        "readings": choice(
            ReplayReadings.Origin.allCases.map(\.rawValue), default: ReplayReadings.Origin.memory.rawValue,
            "Where the readings come from: the operator's memory; a trace that this server was started with; or the "
                + "history of the metric source, for scalers whose manifest this server was started with."),
    ]

    private static let changesDescription =
        "Fields of the spec to change: a path such as `maxReplicas`, `safety.cooldownSeconds` or `metrics.0.targetValue`, "
        + "and its new value; null removes the field. Instead of `spec`."

    private static let scaler: [String: JSON] = [
        "namespace": name("Namespace of the GeneralScaler."), "name": name("Name of the GeneralScaler."),
    ]

    private static func name(_ description: String) -> JSON {
        ["type": "string", "pattern": "^[a-z0-9][a-z0-9.-]*$", "description": .string(description)]
    }

    private static func text(_ description: String) -> JSON {
        ["type": "string", "minLength": 1, "description": .string(description)]
    }

    private static func choice(_ values: [String], default value: String, _ description: String) -> JSON {
        [
            "type": "string", "enum": .array(values.map(JSON.string)), "default": .string(value),
            "description": .string(description),
        ]
    }

    private static func time(_ description: String) -> JSON {
        [
            "type": "string", "format": "date-time",
            "description": .string("\(description) RFC 3339, such as 2026-01-02T03:04:05Z."),
        ]
    }

    private static func number(_ range: ClosedRange<Int>, default value: Int, _ description: String) -> JSON {
        [
            "type": "integer", "minimum": .integer(Int64(range.lowerBound)),
            "maximum": .integer(Int64(range.upperBound)),
            "default": .integer(Int64(value)), "description": .string(description),
        ]
    }
}

extension AssistantTools {
    /// The tools for a client.
    static let list: [JSON] = AssistantTool.allCases.map(\.json)
}
