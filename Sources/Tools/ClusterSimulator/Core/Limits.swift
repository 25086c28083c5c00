/// The limits of the simulator. A limit that the real server also has is equal to the real one.
enum Limits {
    /// Bytes of a request body; a larger one is answered with 413.
    static let requestBody = 3 * 1_024 * 1_024
    /// Events per resource that are kept for watches to resume from; older ones are compacted.
    static let history = 10_000
    /// Queued events of one watcher; a slower one is disconnected and has to list again.
    static let watchQueue = 1_000
    /// Entries of the request log.
    static let requestLog = 10_000
    /// Active fault rules.
    static let faultRules = 100
    /// Characters of an event's note.
    static let eventNote = 1_024
    /// Characters of an event's action, reason and reporting instance.
    static let eventWord = 128
    /// Bytes of all annotations of one object.
    static let annotations = 256 * 1_024
    static let labelValue = 63
    static let qualifiedName = 63
    static let subdomain = 253
    /// Operations of one JSON patch.
    static let patchOperations = 10_000
    /// How often the webhooks of one request are called if the object changes during the calls, before the request
    /// fails as a conflict.
    static let admissionRounds = 5
    /// Characters of all warnings of a response; beyond that, each is truncated to ``warningCharacters``.
    static let warningsCharacters = 4_096
    static let warningCharacters = 256
    /// Bytes of a webhook's response.
    static let webhookAnswer = 3 * 1_024 * 1_024
    /// Seconds that the real server waits for a future resource version.
    static let freshnessWaitSeconds = 3
    /// Seconds of a watch for which the client sets no timeout.
    static let watchSeconds = 1_800
    /// Seconds of validity of a service account's token by default.
    static let tokenSeconds = 3_600
    static let leastTokenSeconds = 600
    /// Seconds between the bookmarks of one watch.
    static let bookmarkSeconds = 60
}
