import KubernetesClient
import Logging
import ScalerAPI
import Scaling
import SystemIO
import WireFormats

// The status, events and metrics of budgets.
extension ScalerController {
    /// Starts a write for each budget whose status has changed and is due. Called in each turn of the loop, which polls
    /// of members wake.
    func reportBudgets(in tasks: inout DiscardingTaskGroup) {
        let now = dependencies.time.elapsed()
        guard !ledger.isEmpty, now >= nextBudgetReports else { return }
        nextBudgetReports = now + BudgetReport.spacing
        for name in budgetReports.keys {
            guard var report = budgetReports[name], !report.isWriting, report.nextWrite <= now,
                let account = ledger.divided(name, at: dependencies.time.now()),
                account.isChanged || report.written == nil
            else { continue }
            guard report.isSettled(account, at: now) else {
                budgetReports[name] = report
                continue
            }
            ledger.noteReport(of: name)
            announce(account, &report)
            let status = report.status(account)
            dependencies.memory?.take(
                BudgetView(account, status: status["status"] ?? .null, at: dependencies.time.now()))
            if status != report.written {
                report.isWriting = true
                report.nextWrite = now + BudgetReport.interval
                let (uid, version) = (report.uid, report.version)
                tasks.addTask { await self.write(status, name: name, uid: uid, version: version) }
            }
            budgetReports[name] = report
        }
    }

    private func announce(_ account: BudgetAccount, _ report: inout BudgetReport) {
        let (state, note) = Self.state(of: account)
        guard state != report.state else { return }
        report.state = state
        let reason =
            switch state {
            case .sufficient: "BudgetSufficient"
            case .binding: "BudgetBinding"
            case .incomplete: "BudgetIncomplete"
            }
        dependencies.writer.announceBudget(
            account.name, uid: report.uid, reason: reason, isWarning: state != .sufficient, note: note)
    }

    private static func state(of account: BudgetAccount) -> (BudgetReport.State, note: String) {
        if let note = account.divisions.lazy.compactMap(\.unknownNote).first {
            return (.incomplete, "nothing is scaled up: \(note)")
        }
        if let binding = account.divisions.first(where: { $0.isBinding(account.uses) }) {
            return (.binding, "members ask for \(binding.demanded.units.shortText); the limit is \(binding.limitText)")
        }
        return (.sufficient, "all members have what they ask for")
    }

    private func write(_ status: JSON, name: String, uid: String, version: String) async {
        let written = await dependencies.writer.writeBudget(status, name: name, uid: uid, version: version)
        guard budgetReports[name]?.uid == uid else { return }
        budgetReports[name]?.isWriting = false
        if let written { budgetReports[name]?.notice(version: written) }
        // A write without a response may have been applied. A literal nil beside a JSON would be JSON's null.
        budgetReports[name]?.written = written == nil ? Optional.none : status
    }

    /// The budgets for `/metrics`.
    func budgetSnapshots() -> [BudgetSnapshot] {
        ledger.accounts.values.sorted { $0.name < $1.name }.flatMap { account in
            account.divisions.map { division in
                BudgetSnapshot(
                    name: account.name, unit: division.limit.unit, limit: division.limit.amount.units,
                    used: division.used.units,
                    denied: account.uses.indices.reduce(0) { $0 + division.denied($1, account.uses[$1]) })
            }
        }
    }
}

/// One limit of a budget for metrics.
struct BudgetSnapshot: Sendable {
    let name: String
    let unit: String
    let limit: Double
    let used: Double
    /// The replicas that members ask for and do not get.
    let denied: Int
}

extension ScalerWriter {
    /// - Returns: the version that the write created; nil if the status may not have been written.
    fileprivate func writeBudget(_ status: JSON, name: String, uid: String, version: String) async -> String? {
        var patch = status.objectValue ?? [:]
        // Refused if the name now belongs to another object, or a later write has been applied already.
        patch["metadata"] = ["uid": .string(uid), "resourceVersion": .string(version)]
        do throws(KubernetesError) {
            let object = try await client.mergePatch(
                .scalingBudget, ObjectKey(namespace: "", name: name), .object(patch), subresource: "status")
            return object["metadata"]?["resourceVersion"]?.stringValue ?? version
        } catch {
            if error.kind != .notFound, error.kind != .conflict {
                logger.warning("failed to write status", metadata: ["budget": "\(name)", "error": "\(error)"])
            }
            return nil
        }
    }

    fileprivate func announceBudget(_ name: String, uid: String, reason: String, isWarning: Bool, note: String) {
        events.record(
            ObjectEvent(
                regarding: ObjectReference(
                    apiVersion: ScalingBudget.apiVersion, kind: ScalingBudget.kind,
                    key: ObjectKey(namespace: "", name: name), uid: uid),
                severity: isWarning ? .warning : .normal, reason: reason, action: "Divide", note: note))
        logger.notice("budget changed", metadata: ["budget": "\(name)", "event": "\(reason)", "message": "\(note)"])
    }
}
