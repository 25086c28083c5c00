import PluginHost
import PluginProtocol

/// Checks a plugin against every rule. Blocks its thread while it communicates with processes.
package enum CheckRun {
    /// - Parameter progress: called before each check with the number of completed checks and their total.
    /// - Throws: ``LaunchError`` if the plugin cannot be started.
    package static func run(
        _ command: PluginCommand, options: CheckOptions,
        progress: (_ done: Int, _ total: Int, _ group: RuleGroup) -> Void = { _, _, _ in }
    ) throws(LaunchError) -> CheckReport {
        let start = ContinuousClock.now
        let context = CheckContext(command, options: options)
        defer { context.endSession() }
        var passed: Set<RuleID> = []
        var skipped: [RuleID: String] = [:]
        // The handshake comes first, for every selection of rules.
        let checks = Check.all.enumerated().filter {
            $0.offset == 0 || ($0.element.rules + $0.element.alsoChecks).contains(where: options.wants)
        }
        for (index, check) in checks.enumerated() {
            progress(index, checks.count, RuleBook.rule(check.element.rules[0]).group)
            do throws(Stop) {
                try check.element.run(context)
                passed.formUnion(check.element.rules)
            } catch {
                switch error {
                case .launch(let error): throw error
                case .skip(let reason):
                    for rule in check.element.rules where skipped[rule] == nil {
                        skipped[rule] = context.log.mask.masked(reason)
                    }
                }
            }
        }
        context.endSession()
        let noValue = reasonForNoValue(context, skipped[.readingShape])
        // A plugin that itself fails has this finding already.
        let isDefective = context.log.findings.contains { $0.rule == .internalErrors }
        if options.requiresValue, let noValue, !isDefective {
            context.note(
                .readingShape, "no value was read: \(noValue)",
                fix: "give --config of a source that answers, or leave out --require-value")
        }
        // A violated rule that was not selected explains why others could not be checked.
        let found = Set(context.log.findings.map(\.rule)).subtracting(options.skip)
        let results = RuleBook.rules.filter { options.wants($0.id) || found.contains($0.id) }.map { rule in
            let findings = context.log.findings.filter { $0.rule == rule.id }
            let outcome: RuleResult.Outcome =
                if case .unchecked(let reason) = rule.verification {
                    .unchecked(reason)
                } else if !findings.isEmpty {
                    .failed(findings)
                } else if passed.contains(rule.id) {
                    .passed
                } else {
                    .skipped(skipped[rule.id] ?? "its check did not run")
                }
            let warnings = context.log.warnings.filter { $0.rule == rule.id }
            return RuleResult(rule: rule, outcome: outcome, warnings: warnings)
        }
        return CheckReport(
            plugin: context.handshake.map { "\($0.pluginName) \($0.pluginVersion)" } ?? command.fileName,
            results: results, noValue: noValue, duration: .now - start)
    }

    /// Returns why a run that should have read a value has read none.
    ///
    /// - Parameter skipped: why the check of a reading was skipped.
    private static func reasonForNoValue(_ context: CheckContext, _ skipped: String?) -> String? {
        guard context.options.wants(.readingShape), !context.hasReadValue else { return nil }
        if let skipped { return skipped }
        let broken = context.log.findings.map(\.rule).last { [.readingShape, .finiteValue].contains($0) }
        return "see \((broken ?? .readingShape).label)"
    }
}
