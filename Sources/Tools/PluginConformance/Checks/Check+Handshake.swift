import PluginProtocol
import WireFormats

extension Check {
    static let launchAndHandshake: [Check] = [
        Check(.initialize, .handshakeShape, .versionOffered, .metricTypes, .capabilities, .configSchema, .filledFields)
        {
            context throws(Stop) in
            judgeHandshake(try context.firstHandshake(), context)
        },
        Check(.bareStart) { context throws(Stop) in
            guard context.command.arguments.isEmpty, context.command.environment.isEmpty else {
                throw .skip("it runs with its own arguments or variables, as plugins.yaml allows")
            }
            _ = try context.metricType()
        },
        Check(.oneshot) { context throws(Stop) in
            guard context.command.isOneshot else {
                throw .skip("the plugin is not oneshot; for a oneshot plugin, pass --oneshot")
            }
            _ = try context.metricType()
        },
        Check(.fileName) { context throws(Stop) in
            let prefix = "generalscaler-plugin-"
            _ = try context.metricType()
            guard context.command.fileName.hasPrefix(prefix) else {
                throw .skip("the program is not named \(prefix)...: argv in plugins.yaml must name it")
            }
            let name = String(context.command.fileName.dropFirst(prefix.count))
            let types = context.handshake?.metricTypes.map(\.type) ?? []
            if !types.contains(name), !types.allSatisfy({ $0.hasPrefix(name + "-") }) {
                context.note(.fileName, "the file is named for \(name), but reads \(types.joined(separator: ", "))")
            }
        },
        Check(.noCommonVersion) { context throws(Stop) in
            _ = try context.metricType()
            let params = CheckContext.initialize(versions: [Int(Int32.max)])
            switch try context.single("initialize", params, known: nil) {
            case .result(let json):
                context.note(
                    .noCommonVersion, "only version \(Int32.max) was offered, and initialize succeeds", evidence: json)
            case .error(let error) where error.kind != .unsupportedVersion:
                context.note(
                    .noCommonVersion, "the error is \(error.code.map(String.init) ?? "without a code"), not 1000",
                    evidence: error.json, fix: #"write "code": 1000 into the error"#)
            case .error: break
            }
        },
        Check(.unknownMembers) { context throws(Stop) in
            let config = try context.validateParams(context.anyConfig())
            let extra: [String: JSON] = ["xNew": ["a": 1]]
            let handshake = try context.single(
                "initialize", CheckContext.initialize().setting("xNew", to: [1, 2]), extra: extra, known: .initialize)
            let params = config.setting("xNew", to: "x")
            let verdict: CheckContext.Reply
            if context.command.isOneshot {
                verdict = try context.single("validate_config", params, extra: extra, known: .validateConfig)
            } else {
                let session = try context.session()
                let id = session.send("validate_config", params, extra: extra)
                verdict = try context.reply(session.answer(to: id, within: context.times.validate), .validateConfig)
            }
            for error in [handshake.error, verdict.error].compactMap({ $0 }) {
                context.note(.unknownMembers, "a message with the further member xNew is refused", evidence: error.json)
            }
        },
    ]

    private static func judgeHandshake(_ json: JSON, _ context: CheckContext) {
        do throws(JSONPathError) {
            let result = try InitializeResult(JSONReader(json))
            if !ProtocolLimits.versions.contains(result.protocolVersion) {
                context.note(.versionOffered, "the version \(result.protocolVersion) was not offered", evidence: json)
            }
            judge(result, json, context)
        } catch {
            let rule: RuleID =
                if error.path.hasSuffix(".\(FilledFields.keyword)") {
                    .filledFields
                } else if error.path.hasSuffix("configSchema") {
                    .configSchema
                } else if error.path.hasPrefix("metricTypes") {
                    .metricTypes
                } else if error.path.hasPrefix("capabilities") { .capabilities } else { .handshakeShape }
            context.note(
                rule, "the answer to initialize is invalid: \(error)", evidence: json, fix: Fix.of(error, in: json))
        }
    }

    private static func judge(_ result: InitializeResult, _ json: JSON, _ context: CheckContext) {
        let types = result.metricTypes.map(\.type)
        if Set(types).count < types.count { context.note(.metricTypes, "a metric type is named twice", evidence: json) }
        for type in result.metricTypes {
            if type.description.isEmpty {
                context.note(.metricTypes, "\(type.type) has no description", evidence: json)
            }
            let schema = type.configSchema
            if schema["type"] != "object" {
                context.note(
                    .configSchema, "the schema of \(type.type) is not of type: object", evidence: schema,
                    fix: #"write "type": "object" into configSchema"#)
            }
            if schema["additionalProperties"] != false {
                context.note(
                    .configSchema, "the schema of \(type.type) has no additionalProperties: false", evidence: schema,
                    fix: #"write "additionalProperties": false into configSchema"#)
            }
            let properties = (schema["properties"] ?? [:]).objectValue
            if properties?.values.allSatisfy({ $0.objectValue != nil || $0.boolValue != nil }) != true {
                context.note(.configSchema, "the properties of \(type.type) are not schemas", evidence: schema)
            }
            FieldNames.check(type, context)
        }
    }
}
