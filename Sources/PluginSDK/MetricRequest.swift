/// A request for a metric's value.
public struct MetricRequest<Config: MetricConfig>: Sendable {
    public let config: Config
    /// How the value will be compared with its target: directly, or divided by the replicas.
    public let targetType: TargetType
    /// The time after which the answer is no longer used, and the task is cancelled.
    public let deadline: ContinuousClock.Instant
    /// Waits for sockets on the serve loop's thread.
    package let sockets: any SocketWaits

    public init(config: Config, targetType: TargetType, deadline: ContinuousClock.Instant) {
        self.init(config: config, targetType: targetType, deadline: deadline, sockets: PeriodicWaits())
    }

    init(config: Config, targetType: TargetType, deadline: ContinuousClock.Instant, sockets: any SocketWaits) {
        self.config = config
        self.targetType = targetType
        self.deadline = deadline
        self.sockets = sockets
    }

    /// The time left until the deadline; zero once it has passed.
    public var timeLeft: Duration { max(.zero, deadline - .now) }
}

/// A request for a metric's changes.
public struct MetricSubscription<Config: MetricConfig>: Sendable {
    public let config: Config
    /// How the values will be compared with their target, as in ``MetricRequest``.
    public let targetType: TargetType
    /// The time by which the subscription has to be established. The readings have no deadline.
    public let deadline: ContinuousClock.Instant

    public init(config: Config, targetType: TargetType, deadline: ContinuousClock.Instant) {
        self.config = config
        self.targetType = targetType
        self.deadline = deadline
    }

    /// The time left until the deadline; zero once it has passed.
    public var timeLeft: Duration { max(.zero, deadline - .now) }
}

/// A request for a metric's history.
public struct MetricRangeRequest<Config: MetricConfig>: Sendable {
    public let config: Config
    /// How the values will be compared with their target, as in ``MetricRequest``.
    public let targetType: TargetType
    /// The requested times.
    public let window: RangeWindow
    /// The time after which the answer is no longer used, and the task is cancelled.
    public let deadline: ContinuousClock.Instant

    public init(config: Config, targetType: TargetType, window: RangeWindow, deadline: ContinuousClock.Instant) {
        self.config = config
        self.targetType = targetType
        self.window = window
        self.deadline = deadline
    }

    /// The time left until the deadline; zero once it has passed.
    public var timeLeft: Duration { max(.zero, deadline - .now) }
}
