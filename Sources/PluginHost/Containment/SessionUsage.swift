/// The total resource use of the processes of one plugin's session.
struct SessionUsage: Sendable, Hashable {
    var processes = 0
    var threads = 0
    /// Bytes of private memory.
    var memory: Int64 = 0

    /// Returns the description of the exceeded limit; nil if there is none. Memory is checked separately, because it
    /// needs a second measurement.
    func breach(of limits: PluginLimits) -> String? {
        if processes > limits.processes {
            return "it had \(processes) processes, and limits.processes is \(limits.processes)"
        }
        if threads > limits.threads {
            return "it had \(threads) threads, and limits.processes allows \(limits.threads)"
        }
        return nil
    }

    static func memoryBreach(_ bytes: Int64, of limits: PluginLimits) -> String? {
        guard bytes > limits.memoryBytes else { return nil }
        return "its processes used \(bytes >> 20) MiB of memory, and limits.memoryMiB is \(limits.memoryMiB)"
    }

    static func temporaryBreach(_ bytes: Int64, of limits: PluginLimits) -> String? {
        guard bytes > limits.temporaryBytes else { return nil }
        return "its temporary directory held more than limits.temporaryMiB, which is \(limits.temporaryMiB)"
    }
}

/// Chooses the plugin to kill when the operator's container is about to exhaust a resource: the one that grew most, so
/// that a plugin that is merely large is not killed for another one's growth.
struct PressureMonitor {
    private struct Sample {
        let at: Duration
        let amount: Int64
    }

    /// The samples by session, oldest first; the first one at the start of the window is the base of the growth.
    private var samples: [Int32: [Sample]] = [:]

    mutating func record(_ amounts: [Int32: Int64], now: Duration) {
        for session in samples.keys where amounts[session] == nil { samples[session] = nil }
        for (session, amount) in amounts {
            // A new plugin has grown from zero.
            var history = samples[session] ?? [Sample(at: now, amount: 0)]
            history.append(Sample(at: now, amount: amount))
            let tooOld = history.lastIndex { $0.at <= now - PluginHostLimits.growthWindow } ?? 0
            history.removeFirst(tooOld)
            samples[session] = history
        }
    }

    /// Returns the session to kill; nil if none caused the growth.
    ///
    /// - Parameters:
    ///   - share: the used share of the container's limit.
    ///   - leastGrowth: the minimum growth for a kill below the emergency share.
    func victim(share: Double, leastGrowth: Int64) -> Int32? {
        guard share > PluginHostLimits.pressureShare else { return nil }
        let ranked = samples.compactMap { session, history -> (session: Int32, growth: Int64, amount: Int64)? in
            guard let last = history.last else { return nil }
            let least = history.map(\.amount).min() ?? 0
            return (session, last.amount - least, last.amount)
        }
        let worst = ranked.max { ($0.growth, $0.amount, $0.session) < ($1.growth, $1.amount, $1.session) }
        guard let worst else { return nil }
        return worst.growth >= leastGrowth || share > PluginHostLimits.emergencyShare ? worst.session : nil
    }
}
