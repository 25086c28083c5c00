/// Every bound of the simulator. Where the real server has the same bound, its value is the real one.
enum Limits {
    /// Largest request body, in bytes; more is answered with 413.
    static let requestBody = 3 * 1_024 * 1_024
    /// Events kept per resource for watches to resume from; older ones are compacted away.
    static let history = 10_000
    /// Events that may wait for one watcher; a slower one is cut off and has to list again.
    static let watchQueue = 1_000
    /// Requests that the request log remembers.
    static let requestLog = 10_000
    /// Fault rules that may be in force at a time.
    static let faultRules = 100
    /// Longest event note, in characters.
    static let eventNote = 1_024
    /// Longest action, reason and reporting instance of an event, in characters.
    static let eventWord = 128
    /// Largest sum of the sizes of all annotations of one object, in bytes.
    static let annotations = 256 * 1_024
    static let labelValue = 63
    static let qualifiedName = 63
    static let subdomain = 253
    /// Operations of one JSON patch.
    static let patchOperations = 10_000
    /// How often the webhooks of one request are called if the object changes meanwhile, before the request fails as a
    /// conflict.
    static let admissionRounds = 5
    /// Characters of all warnings of one answer together; beyond that each is cut to ``warningCharacters``.
    static let warningsCharacters = 4_096
    static let warningCharacters = 256
    /// Bytes of a webhook's answer.
    static let webhookAnswer = 3 * 1_024 * 1_024
    /// Seconds that the real server waits for a resource version from the future before it gives up.
    static let freshnessWaitSeconds = 3
    /// Seconds that a watch lasts if the client names no time-out.
    static let watchSeconds = 1_800
    /// Seconds that a service account's token lasts if the request does not say.
    static let tokenSeconds = 3_600
    static let leastTokenSeconds = 600
    /// Seconds between the bookmarks of one watch.
    static let bookmarkSeconds = 60
}
