package import WireFormats

/// The limits of this module, with their sources.
package enum KubernetesLimits {
    // MARK: Calls

    /// The time from the first attempt of a call to the end of the last, including waits.
    package static let callDeadline: Duration = .seconds(30)
    /// The same for a page of a list, which may be large.
    package static let listDeadline: Duration = .seconds(60)
    /// Delays requested by the server (429, 503) in one call. As client-go.
    static let serverDelays = 10
    /// Retries of one read after a 5xx or a lost connection.
    static let readRetries = 4
    static let readBackoff = Backoff(base: .milliseconds(200), cap: .seconds(5))
    /// Bytes of one object or error response as received. The API server accepts objects of at most 3 MiB.
    package static let objectBytes = 4 << 20
    /// The maximum size of the parsed part of one object. Unused parts are skipped and do not count:
    /// `metadata.managedFields` and, for many readers, more.
    package static let object = JSONLimits(bytes: 256 << 10, nodes: 8_192)
    /// The maximum size of the parsed part of a response that no user writes, such as discovery's.
    package static let answer = JSONLimits(bytes: objectBytes, nodes: 1 << 16)
    /// The kept part of the status of an oversized object.
    static let remainingStatus = JSONLimits(bytes: 32 << 10, nodes: 1_024)
    /// One value of the metadata that identifies an object.
    static let identityValue = JSONLimits(bytes: 1 << 10, nodes: 1)
    /// Bytes of the metadata of a list, which has the continue token.
    static let listMetadataBytes = 64 << 10
    /// Bytes of a list member's name.
    static let memberNameBytes = 256
    /// Characters of foreign text (a proxy's HTML, a plugin's stderr) quoted in a message.
    static let quotedCharacters = 300
    /// Characters of the API server's own message. The message may list every invalid field of an object.
    static let messageCharacters = 1_024
    /// The longest delay requested by a server that is obeyed: the cause may be over sooner, and a waiting watch
    /// receives nothing.
    static let longestServerDelay: Duration = .seconds(300)

    // MARK: Discovery

    /// How long a known resource is assumed unchanged. A changed CRD is detected after this time.
    static let discoveryLifetimeMicroseconds: Int64 = 600_000_000
    /// The same for a missing resource: short, because a CRD may be installed at any time.
    static let missingResourceLifetimeMicroseconds: Int64 = 30_000_000
    static let discoveryEntries = 256

    // MARK: Watching

    /// Objects in a page of a list. As client-go and kube-rs.
    package static let pageSize = 500
    /// A list whose continue token expired this often is fetched in one page. As client-go's pager.
    static let expiredListRestarts = 2
    /// The server ends a watch after a uniformly random time in this range, so that watches do not end simultaneously.
    /// As client-go.
    static let watchTimeoutSeconds = 300...600
    /// A watch without any data for one to two times this duration is cancelled: bookmarks arrive about every minute.
    static let watchSilence: Duration = .seconds(120)
    /// A watch that ends sooner without data counts as failed. As client-go.
    static let shortestHealthyWatch: Duration = .seconds(1)
    /// After this many consecutive failures to resume a watch, the informer lists again, which recovers from any cause.
    static let failedResumes = 5
    /// As client-go's reflector: 0.8 s doubling to 30 s.
    static let watchBackoff = Backoff(base: .milliseconds(800), cap: .seconds(30))
    /// Bytes of one watch event.
    static let watchLineBytes = objectBytes + 1_024

    // MARK: Credentials

    /// A token file is read again after this time. As client-go.
    static let tokenFileLifetimeMicroseconds: Int64 = 60_000_000
    /// An exec plugin's credential is renewed this long before it expires, or a tenth of its lifetime before, if that
    /// is shorter.
    static let credentialMarginMicroseconds: Int64 = 60_000_000
    static let execDeadline: Duration = .seconds(60)
    /// How long a terminated exec plugin has to exit before it is killed.
    static let execTeardown: Duration = .seconds(1)
    static let execOutputBytes = 1 << 20
    static let execErrorBytes = 256 << 10
    /// Bytes of a kubeconfig, certificate or token file.
    static let fileBytes = 8 << 20

    // MARK: Events

    /// Events waiting to be sent; more are dropped and counted.
    static let eventQueue = 1_000
    /// Bytes of an event's note, as the API server checks them.
    static let eventNoteBytes = 1_024
    static let eventReasonBytes = 128
    static let objectNameBytes = 253
    /// Equal events within this time after the last are one series. As client-go's broadcaster.
    static let eventSeriesMicroseconds: Int64 = 360_000_000
    /// The burst of events per object; afterwards, one per refill time. As client-go's spam filter.
    static let eventBurst = 25.0
    static let eventRefillMicroseconds = 300_000_000.0
    /// The maximum number of series and objects with state. As client-go's cache.
    static let eventMemory = 4_096
    static let eventAttempts = 3
    static let eventBackoff = Backoff(base: .seconds(1), cap: .seconds(10))
    /// How long shutdown waits for queued events.
    static let eventFlush: Duration = .seconds(2)
}
