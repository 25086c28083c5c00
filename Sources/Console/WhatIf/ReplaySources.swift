package import Backtest
package import KubernetesClient

/// The readings that this machine has or can fetch, besides the operator's memory.
package struct ReplaySources: Sendable {
    /// From files, by scaler.
    package var traces: [ObjectKey: Trace] = [:]
    /// The scalers whose metrics this machine can read at their source.
    package var histories: Set<ObjectKey> = []
    /// Reads the last seconds of such a scaler's metrics.
    package var history: @Sendable (_ scaler: ObjectKey, _ seconds: Int) async throws(WhatIfProblem) -> ReplayReadings

    package init(
        history: @escaping @Sendable (ObjectKey, Int) async throws(WhatIfProblem) -> ReplayReadings = {
            key, _ throws(WhatIfProblem) in throw WhatIfProblem("\(key): give its manifest with --file")
        }
    ) {
        self.history = history
    }
}
