/// Identifies the config on which a plugin crashes, and quarantines it.
///
/// When a plugin's process ends, every config in flight is suspect. Afterwards, the plugin gets one suspect at a time:
/// any answer clears it, and another crash confirms it. The other configs are not affected.
struct CrashSuspects {
    private enum State {
        /// The config was in flight when a process ended.
        case suspect
        /// - Parameter times: the number of quarantines so far.
        case quarantined(until: Duration, times: Int, namespace: String?)
    }

    /// A conclusion from the end of a process.
    enum Finding {
        /// Nothing was in flight, or the config responsible is unknown.
        case nobody
        case quarantineStarted(CallSubject, for: Duration)
    }

    private var states: [CallSubject.Key: State] = [:]
    /// Configs that the plugin has answered since there are suspects.
    private var known: Set<CallSubject.Key> = []

    var isEmpty: Bool { states.isEmpty }

    /// Returns whether the config has to be tried alone.
    func isSuspect(_ key: CallSubject.Key) -> Bool { states[key] != nil }

    /// Returns the remaining quarantine of the config; nil if it may be used.
    ///
    /// If a namespace has several quarantined configs, its configs that the plugin has never answered are quarantined
    /// too: otherwise a tenant could crash the plugin with one edit after another.
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

    /// Records the end of a process, and returns the config responsible, if known.
    ///
    /// - Parameter inFlight: the configs in flight when the process ended.
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

    /// Limits the number of entries. Quarantined ones are kept, unless all are quarantined.
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
                + "\(time.components.seconds) s: correct the config, or find the cause in the operator's log",
            retryAfter: time)
    }
}
