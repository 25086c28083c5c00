import PluginProtocol

/// The steps that end a process: the end of its stdin, SIGTERM, SIGKILL.
struct StopSequence {
    enum Step: Hashable {
        case terminate
        case kill
    }

    private var upcoming: (step: Step, at: Duration)?

    /// - Parameter isGraceful: whether the process gets time to exit on its own first; otherwise SIGTERM is sent
    ///   immediately.
    init(isGraceful: Bool, now: Duration) {
        upcoming = (.terminate, isGraceful ? now + ProtocolLimits.exitGrace : now)
    }

    /// When the next step is due; nil after the last.
    var nextWake: Duration? { upcoming?.at }

    mutating func next(now: Duration) -> Step? {
        guard let (step, time) = upcoming, now >= time else { return nil }
        upcoming = step == .terminate ? (.kill, now + PluginHostLimits.terminateGrace) : nil
        return step
    }
}
