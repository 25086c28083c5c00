/// A model that is served, with the numbers of one replica.
struct InferenceVariant: Sendable {
    /// The name of the Deployment and of the GeneralScaler.
    let name: String
    let minReplicas: Int
    let maxReplicas: Int
    let gpus: Int
    /// The requests that a replica processes at once.
    let slots: Int
    /// The highest rate of requests, per second.
    let peakRate: Double
    /// The share of the trace by which its requests come later than those of the first model.
    let delay: Double

    /// The GPUs of all replicas together, as in the budget of the example.
    static let gpuLimit = 16
    /// How long a replica takes for a request.
    static let secondsPerRequest = 8.0
    /// The share of the cache that a replica uses with all slots taken by requests of the usual length.
    static let fullCache = 0.75

    /// Those of examples/llm-inference.
    static let all = [
        InferenceVariant(
            name: "chat-large", minReplicas: 1, maxReplicas: 4, gpus: 4, slots: 32, peakRate: 11, delay: 0),
        InferenceVariant(
            name: "chat-small", minReplicas: 0, maxReplicas: 12, gpus: 1, slots: 16, peakRate: 16, delay: 0.12),
        InferenceVariant(
            name: "code-small", minReplicas: 0, maxReplicas: 12, gpus: 1, slots: 16, peakRate: 13, delay: 0.24),
    ]
}

/// The requests of one model. Pure: time and replicas are parameters.
struct InferenceQueue: Sendable {
    let slots: Int
    private(set) var waiting = 0.0
    private(set) var running = 0.0
    /// The requests that the gateway holds while no replica is ready.
    private(set) var queued = 0.0
    /// The share of the cache that each replica uses.
    private(set) var cache = 0.0
    private(set) var arrived = 0.0

    init(slots: Int) {
        self.slots = slots
    }

    /// - Parameters:
    ///   - rate: the requests that arrive per second.
    ///   - length: the length of a request relative to the usual one.
    mutating func advance(by seconds: Double, rate: Double, length: Double, ready: Int) {
        arrived += rate * seconds
        running -= min(running, running * seconds / (InferenceVariant.secondsPerRequest * length))
        guard ready > 0 else {
            queued += waiting + running + rate * seconds
            (waiting, running, cache) = (0, 0, 0)
            return
        }
        waiting += queued + rate * seconds
        queued = 0
        let capacity = Double(ready * slots)
        // Requests of replicas that are gone are sent again.
        waiting += max(0, running - capacity)
        running = min(running, capacity)
        let admitted = min(waiting, capacity - running)
        waiting -= admitted
        running += admitted
        cache = min(1, running / capacity * InferenceVariant.fullCache * length)
    }
}
