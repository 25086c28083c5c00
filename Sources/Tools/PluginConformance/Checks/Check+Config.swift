import Glibc
import PluginProtocol
import WireFormats

extension Check {
    static let config: [Check] = [
        Check(.validateShape) { context throws(Stop) in
            _ = try context.validate(context.anyConfig())
        },
        Check(.goodConfig) { context throws(Stop) in
            let config = try context.goodConfig()
            guard case .invalid(let problems) = try context.validate(config) else { return }
            let list = problems.map(\.description).joined(separator: "; ")
            context.note(.goodConfig, "the config that should work is refused: \(list)", evidence: config)
        },
        Check(.badConfig) { context throws(Stop) in
            guard let config = context.options.badConfig else {
                throw .skip("give --bad-config with a config that cannot work")
            }
            if case .valid = try context.validate(config) {
                context.note(.badConfig, "the config that cannot work is valid", evidence: config)
            } else if let reason = try staleness(of: config, context) {
                throw .skip(reason)
            }
        },
        Check(.unknownKey) { context throws(Stop) in
            let key = CheckContext.unknownKey
            let config = context.withUnknownKey(context.anyConfig())
            switch try context.validate(config) {
            case .valid: context.note(.unknownKey, "a config with the key \(key) is valid", evidence: config)
            case .invalid(let problems) where !problems.contains { $0.path.hasSuffix(key) }:
                let paths = problems.map { "\"\($0.path)\"" }.joined(separator: ", ")
                context.note(
                    .unknownKey, "no path names the key \(key): the paths are \(paths)", evidence: config,
                    fix: #"answer {"path": "\#(key)", "message": "is not a known field"} among the errors"#)
            case .invalid: break
            }
        },
        Check(.schemaHolds) { context throws(Stop) in
            let configs = try context.configsAgainstSchema()
            if configs.isEmpty { throw .skip("the schema has no field with a type") }
            for (fault, config) in configs {
                if case .valid = try context.validate(config) {
                    context.note(.schemaHolds, "\(fault), and the config is valid", evidence: config)
                }
            }
        },
        Check(.refusedConfig) { context throws(Stop) in
            let config = context.withUnknownKey(context.anyConfig())
            switch try context.call(.getMetricValue, context.valueParams(config)) {
            case .result(let json):
                context.note(.refusedConfig, "a call with an unknown key in its config has a value", evidence: json)
            case .error(let error) where error.kind != .configInvalid:
                context.note(
                    .refusedConfig, "the error is \(error.code.map(String.init) ?? "without a code"), not 1001",
                    evidence: error.json, fix: #"write "code": 1001 into the error"#)
            case .error: break
            }
        },
        Check(.noNetwork) { context throws(Stop) in
            let config = try context.goodConfig()
            let verdict = try context.validate(config)
            guard NetworkNamespace.isAvailable else {
                throw .skip("this system does not allow unprivileged network namespaces")
            }
            let offline = CheckContext(
                context.command.wrapped(by: NetworkNamespace.command), options: context.options)
            defer { offline.endSession() }
            _ = try offline.firstHandshake()
            if try offline.validate(config) != verdict {
                context.note(.noNetwork, "the verdict differs without a network", evidence: config)
            }
            let known = Set(context.log.findings.map(\.rule))
            if let finding = offline.log.findings.first(where: { !known.contains($0.rule) }) {
                context.note(.noNetwork, "without a network: \(finding.message)")
            }
        },
    ]

    /// Returns why the refusal of a bad config proves nothing, with the fix; nil if it does.
    ///
    /// A config that was written for other fields is refused for its unknown keys alone.
    private static func staleness(of bad: JSON, _ context: CheckContext) throws(Stop) -> String? {
        let known = try context.metricType().configSchema["properties"]?.objectValue ?? [:]
        let members = bad.objectValue ?? [:]
        let unknown = members.keys.filter { known[$0] == nil }.sorted()
        // A plugin without fields can only be given unknown ones.
        guard !unknown.isEmpty, !known.isEmpty, let good = try? context.goodConfig().objectValue else { return nil }
        let rest = good.merging(members.filter { known[$0.key] != nil }) { $1 }
        guard case .valid = try context.validate(.object(rest)) else { return nil }
        return "the config of --bad-config is refused only for what is not a field of the plugin ("
            + "\(unknown.joined(separator: ", "))): write a wrong value of one of its fields ("
            + "\(known.keys.sorted().joined(separator: ", "))) into it"
    }
}

/// Runs a program in a network namespace that has only its own loopback.
enum NetworkNamespace {
    static let command = ["/usr/bin/unshare", "--user", "--map-current-user", "--net", "--"]

    /// Whether this system allows creating a network namespace.
    static let isAvailable: Bool = {
        let probe = PluginCommand(path: "/bin/true").wrapped(by: command)
        guard let process = try? PluginProcess(probe) else { return false }
        return process.waitForExit(until: .now + ConformanceLimits.killGrace) == .code(0)
    }()
}
