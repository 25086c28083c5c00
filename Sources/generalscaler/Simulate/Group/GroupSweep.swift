import Backtest
import CommandSupport
import ScalerAPI
import WireFormats

/// A field of one of several objects and the values to try for it: `budget.NAME.UNIT` for a limit, and
/// `NAMESPACE/NAME.FIELD` for a field of a scaler.
struct GroupSweep {
    private enum Place {
        /// The index of a limit.
        case limit(budget: String, Int)
        case field(scaler: String, SpecSweep)
    }

    /// As on the command line.
    let name: String
    let values: [JSON]
    private let place: Place

    /// The changed specs of one run.
    struct Changes {
        var budgets: [String: JSON] = [:]
        var scalers: [String: JSON] = [:]
    }

    /// - Throws: ``TraceError`` if the text is not a place with values.
    init(_ text: String, _ group: SimulatedGroup) throws {
        let sweep = try SpecSweep(text)
        name = String(text.prefix { $0 != "=" })
        values = sweep.values
        for budget in group.budgets where name.hasPrefix("budget.\(budget.name).") {
            let unit = name.dropFirst("budget.\(budget.name).".count)
            let limits = budget.json["limits"]?.arrayValue ?? []
            guard let index = limits.firstIndex(where: { $0["unit"]?.stringValue == String(unit) }) else { continue }
            place = .limit(budget: budget.name, index)
            return
        }
        for scaler in group.scalers where name.hasPrefix("\(scaler.fullName).") {
            let field = text.dropFirst(scaler.fullName.count + 1)
            place = .field(scaler: scaler.fullName, try SpecSweep(String(field)))
            return
        }
        let limits = group.budgets.flatMap { budget in
            (budget.json["limits"]?.arrayValue ?? []).compactMap { $0["unit"]?.stringValue }
                .map { "budget.\(budget.name).\($0)" }
        }
        throw TraceError(
            "--sweep: \"\(name)\" is neither a limit of a budget (\(limits.joined(separator: ", "))) nor a field of a scaler, "
                + "such as \(group.scalers.first?.fullName ?? "NAMESPACE/NAME").maxReplicas")
    }

    /// Adds a value to the changes of a run.
    func apply(_ value: JSON, to changes: inout Changes, _ group: SimulatedGroup) throws {
        switch place {
        case .limit(let name, let index):
            guard let budget = group.budgets.first(where: { $0.name == name }) else { return }
            let spec = changes.budgets[name] ?? budget.json
            let unit = spec["limits"]?[index]?["unit"]?.stringValue
            let field = unit == ScalingBudgetSpec.cost ? "perHour" : "amount"
            changes.budgets[name] =
                SpecChange(path: "limits[\(index)].\(field)", value: value).applied(to: spec) ?? spec
        case .field(let key, let sweep):
            guard let scaler = group.scalers.first(where: { $0.fullName == key }) else { return }
            changes.scalers[key] = try sweep.spec(changes.scalers[key] ?? scaler.json, with: value)
        }
    }
}
