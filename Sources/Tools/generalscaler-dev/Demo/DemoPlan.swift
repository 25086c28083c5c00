/// The numbers of the demo: the load over time.
struct DemoPlan: Sendable {
    /// Seconds from the first load to the summary.
    let seconds: Double

    static let namespace = "demo"

    /// Returns the share of the highest load `time` seconds after the start: low, a rise, a plateau, a fall, low.
    ///
    /// - Parameter delay: the share of the total time by which the curve is delayed, so that the apps do not scale
    ///   simultaneously.
    func height(at time: Double, delay: Double = 0) -> Double {
        switch time / seconds - delay {
        case ..<0.1: 0
        case let share where share < 0.35: (share - 0.1) / 0.25
        case ..<0.5: 1
        case let share where share < 0.65: (0.65 - share) / 0.15
        default: 0
        }
    }
}
