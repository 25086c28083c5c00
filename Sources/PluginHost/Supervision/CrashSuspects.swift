/// Finds the config that a plugin ends on, and keeps it from the plugin for a while.
///
/// When a plugin's process ends, every config that it worked on is suspect. From then on one suspect at a time is given
/// to the plugin: an answer of any kind clears it, and a process that ends once more convicts it. The other configs go
/// on.
struct CrashSuspects {
    private enum State {
        /// It was in flight when a process ended.
        case suspect
        /// - Parameter times: how often so far.
        case quarantined(until: Duration, times: Int, namespace: String?)
    }

    /// A conclusion from the end of a process.
    enum Finding {
        /// Nothing was in flight, or there is no telling which of it was to blame.
        case nobody
        case quarantineStarted(CallSubject, for: Duration)
    }

    private var states: [CallSubject.Key: State] = [:]
    /// Configs that the plugin has answered since there are suspects.
    private var known: Set<CallSubject.Key> = []

    var isEmpty: Bool { states.isEmpty }

    /// Returns whether the config is to be tried alone.
    func isSuspect(_ key: CallSubject.Key) -> Bool { states[key] != nil }

    /// Returns how long the config is kept from the plugin yet; nil if it may be used.
    ///
    /// Of a namespace with several such configs, those that the plugin has never answered are kept from it too: else a
    /// tenant would end the plugin with one edit after another.
    func quarantine(_ subject: CallSubject, now: Duration) -> Duration? {
        if case .quarantined(let until, _, _)? = states[subject.key], now < until { return until - now }
        guard let namespace = subject.party.namespace, !known.contains(subject.key) else { return nil }
        let ends = states.values.compactMap { state -> Duration? in
            guard case .quarantined(let until, _, namespace) = state, now < until else { return nil }
            return until
        }
        guard ends.count >= PluginHostLimits.quarantinesOfNamespace, let first = ends.min() else { return nil }
        return first - now
    }

    /// Records that the plugin answered, with a result or an error.
    mutating func answered(_ key: CallSubject.Key) {
        states[key] = nil
        if known.count >= PluginHostLimits.maxCrashSuspects { known = [] }
        known.insert(key)
    }

    /// Returns the process ended, or had to be ended, while it worked on these.
    mutating func ended(_ inFlight: [CallSubject], now: Duration) -> Finding {
        if let suspect = inFlight.first(where: { $0.party.isSuspect && isSuspect($0.key) }) {
            return .quarantineStarted(suspect, for: startQuarantine(suspect, now: now))
        }
        for subject in inFlight where states[subject.key] == nil {
            if states.count >= PluginHostLimits.maxCrashSuspects { forget(now: now) }
            states[subject.key] = .suspect
        }
        return .nobody
    }

    private mutating func startQuarantine(_ subject: CallSubject, now: Duration) -> Duration {
        var times = 1
        if case .quarantined(_, let before, _)? = states[subject.key] { times = before + 1 }
        let doublings = min(times - 1, 16)
        let time = min(
            PluginHostLimits.firstQuarantine * (1 << doublings), PluginHostLimits.maxQuarantine)
        states[subject.key] = .quarantined(until: now + time, times: times, namespace: subject.party.namespace)
        return time
    }

    /// Makes room: those that are in quarantine stay, unless they are all.
    private mutating func forget(now: Duration) {
        states = states.filter { _, state in
            guard case .quarantined(let until, _, _) = state else { return false }
            return now < until
        }
        if states.count >= PluginHostLimits.maxCrashSuspects { states = [:] }
    }
}

extension PluginFailure {
    static func quarantined(_ plugin: String, for time: Duration) -> PluginFailure {
        PluginFailure(
            .quarantined, plugin: plugin,
            "plugin \(plugin) ended repeatedly while it worked on this config, so the config is not used for "
                + "\(time.components.seconds) s: correct the config, or see why in the operator's log",
            retryAfter: time)
    }
}
