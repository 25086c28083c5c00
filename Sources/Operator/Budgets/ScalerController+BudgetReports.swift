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
            ledger.noteReport(of: name)
            announce(account, &report)
            let status = report.status(account)
            dependencies.memory?.take(
                BudgetView(account, status: status["status"] ?? .null, at: dependencies.time.now()))
            if status != report.written {
                report.isWriting = true
                report.nextWrite = now + BudgetReport.interval
                let uid = report.uid
                tasks.addTask { await self.write(status, name: name, uid: uid) }
            }
            budgetReports[name] = report
        }
    }

    private func announce(_ account: BudgetAccount, _ report: inout BudgetReport) {
        let binding = account.divisions.first { $0.isBinding(account.uses) }
        guard (binding != nil) != report.isBinding else { return }
        report.isBinding = binding != nil
        let note =
            binding.map { "\($0.demanded.units.shortText) are wanted of \($0.limitText)" }
            ?? "all members have what they ask for"
        dependencies.writer.announceBudget(
            account.name, uid: report.uid, reason: binding == nil ? "BudgetSufficient" : "BudgetBinding",
            isWarning: binding != nil, note: note)
    }

    private func write(_ status: JSON, name: String, uid: String) async {
        let isWritten = await dependencies.writer.writeBudget(status, name: name, uid: uid)
        guard budgetReports[name]?.uid == uid else { return }
        budgetReports[name]?.isWriting = false
        if isWritten { budgetReports[name]?.written = status }
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
    /// - Returns: whether the status was written.
    fileprivate func writeBudget(_ status: JSON, name: String, uid: String) async -> Bool {
        var patch = status.objectValue ?? [:]
        patch["metadata"] = ["uid": .string(uid)]
        do throws(KubernetesError) {
            _ = try await client.mergePatch(
                .scalingBudget, ObjectKey(namespace: "", name: name), .object(patch), subresource: "status")
            return true
        } catch {
            if error.kind != .notFound, error.kind != .conflict {
                logger.warning("failed to write status", metadata: ["budget": "\(name)", "error": "\(error)"])
            }
            return false
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
