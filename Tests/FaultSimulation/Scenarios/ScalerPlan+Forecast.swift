import WireFormats

extension ScalerPlan {
    /// The mode of a forecast of every metric with `targetType` AverageValue.
    enum Forecast: String, Sendable {
        case report = "Report"
        case active = "Active"

        var json: JSON {
            [
                "mode": .string(rawValue), "horizonSeconds": .integer(300),
                "historyDays": .integer(Int64(PastLoad.historyDays)),
            ]
        }
    }

    /// Not drawn, so that every seed stays what it was. Some edits switch a forecast on or off.
    var forecast: Forecast? {
        let (least, most) = (ownBounds.lowerBound, ownBounds.upperBound)
        guard !usesFormulas, metrics.contains(where: \.isAverage), (2 * least + most + interval) % 5 < 2 else {
            return nil
        }
        return most % 3 == 0 ? .report : .active
    }
}
