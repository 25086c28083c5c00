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
