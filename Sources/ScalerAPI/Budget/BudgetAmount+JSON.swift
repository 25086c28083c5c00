import Scaling
import WireFormats

extension BudgetAmount {
    init(_ reader: JSONReader) throws(JSONPathError) {
        let units = try reader.double()
        guard let amount = BudgetAmount(units) else {
            throw reader.error("must be from 0 to \(BudgetAmount.largest.units.shortText), not \(units.shortText)")
        }
        guard amount > .zero || units == 0 else { throw reader.error("must be 0 or at least 0.000001") }
        self = amount
    }
}

extension JSONReader {
    /// Reads an object of amounts by unit.
    ///
    /// - Parameters:
    ///   - units: the units that it may have; nil for any.
    ///   - most: the largest amount.
    func budgetAmounts(units: [String]?, most: BudgetAmount) throws(JSONPathError) -> [String: BudgetAmount] {
        var result: [String: BudgetAmount] = [:]
        for unit in try object().keys.sorted() {
            let reader = try required(unit)
            if let units, !units.contains(unit) {
                throw reader.error(
                    "\"\(unit.prefix(64))\" has no limit in this budget; its units are "
                        + units.joined(separator: ", "))
            }
            let amount = try BudgetAmount(reader)
            guard amount <= most else { throw reader.error("must be at most \(most.units.shortText)") }
            result[unit] = amount
        }
        return result
    }

    /// Reads what one replica consumes. The unit `replicas` is refused: each replica counts as 1 of it.
    func consumptionAmounts(units: [String]?) throws(JSONPathError) -> [String: BudgetAmount] {
        let amounts = try budgetAmounts(units: units, most: .largestConsumption)
        guard amounts[ScalingBudgetSpec.replicas] == nil else {
            throw JSONPathError(
                path: "\(path).\(ScalingBudgetSpec.replicas)", message: "cannot be set: each replica counts as 1")
        }
        return amounts
    }
}
