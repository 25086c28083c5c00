import ArgumentParser
import Scaling

/// The value of `--forecast`.
enum ForecastModes {
    @Sendable
    static func parse(_ text: String) throws -> [ForecastSpec.Mode] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
            guard let mode = ForecastSpec.Mode.allCases.first(where: { $0.rawValue.lowercased() == word.lowercased() })
            else {
                throw ValidationError("--forecast: \"\(word)\" is not one of off, report, active.")
            }
            return mode
        }
    }
}
