package import WireFormats

/// All limits of this module, with their sources.
package enum KubernetesLimits {
    // MARK: Calls

    /// From the first attempt of a call to the end of the last, waits included.
    package static let callDeadline: Duration = .seconds(30)
    /// The same for a page of a list, which may be large.
    package static let listDeadline: Duration = .seconds(60)
    /// Waits that the server itself asked for (429, 503) in one call. As client-go.
    static let serverDelays = 10
    /// Retries of one read after a 5xx or a lost connection.
    static let readRetries = 4
    static let readBackoff = Backoff(base: .milliseconds(200), cap: .seconds(5))
    /// Bytes of one object or error answer as they arrive. An object is at most 3 MiB on its way into etcd.
    package static let objectBytes = 4 << 20
    /// The maximum size of the parsed part of one object. Unused parts are skipped and do not count:
    /// `metadata.managedFields` and, for many readers, more.
    package static let object = JSONLimits(bytes: 256 << 10, nodes: 8_192)
    /// What is parsed of an answer that no user writes, such as discovery's.
    package static let answer = JSONLimits(bytes: objectBytes, nodes: 1 << 16)
    /// What is kept of the status of an object over the bounds.
    static let remainingStatus = JSONLimits(bytes: 32 << 10, nodes: 1_024)
    /// One value of the metadata that identifies an object.
    static let identityValue = JSONLimits(bytes: 1 << 10, nodes: 1)
    /// Bytes of the metadata of a list, which has the continue token.
    static let listMetadataBytes = 64 << 10
    /// Bytes of a list member's name.
    static let memberNameBytes = 256
    /// Characters of a foreign text (a proxy's HTML, a plugin's stderr) that a message repeats.
    static let quotedCharacters = 300
    /// Characters of the API server's own message. It may list everything that is wrong with an object.
    static let messageCharacters = 1_024
    /// However long a server asks one to wait: what ails it may be over sooner, and a watch that waits is blind.
    static let longestServerDelay: Duration = .seconds(300)

    // MARK: Discovery

    /// How long a known resource is taken as unchanged. A changed CRD is seen after this time.
    static let discoveryLifetimeMicroseconds: Int64 = 600_000_000
    /// The same for "there is no such resource": short, since a CRD may be installed at any time.
    static let missingResourceLifetimeMicroseconds: Int64 = 30_000_000
    static let discoveryEntries = 256

    // MARK: Watching

    /// Objects in a page of a list. As client-go and kube-rs.
    package static let pageSize = 500
    /// A list whose continue token expired this often is fetched in one piece. As client-go's pager.
    static let expiredListRestarts = 2
    /// The server ends a watch after this time, drawn evenly, so that watches do not all end at once. As client-go.
    static let watchTimeoutSeconds = 300...600
    /// A watch in which nothing at all arrives for this to twice this time is cut: bookmarks come about every minute.
    static let watchSilence: Duration = .seconds(120)
    /// A watch that ends sooner, with nothing received, counts as failed. As client-go.
    static let shortestHealthyWatch: Duration = .seconds(1)
    /// After this many consecutive failures to resume a watch, the informer lists again: a list recovers from any
    /// cause.
    static let failedResumes = 5
    /// As client-go's reflector: 0.8 s doubling to 30 s.
    static let watchBackoff = Backoff(base: .milliseconds(800), cap: .seconds(30))
    /// Bytes of one watch event.
    static let watchLineBytes = objectBytes + 1_024

    // MARK: Credentials

    /// A token file is read again after this time. As client-go.
    static let tokenFileLifetimeMicroseconds: Int64 = 60_000_000
    /// An exec plugin's credential is renewed this long before it expires, or a tenth of its life if that is shorter.
    static let credentialMarginMicroseconds: Int64 = 60_000_000
    static let execDeadline: Duration = .seconds(60)
    /// How long a killed exec plugin has to go before it is killed again.
    static let execTeardown: Duration = .seconds(1)
    static let execOutputBytes = 1 << 20
    static let execErrorBytes = 256 << 10
    /// Bytes of a kubeconfig, certificate or token file.
    static let fileBytes = 8 << 20

    // MARK: Events

    /// Events waiting to be sent; more are dropped and counted.
    static let eventQueue = 1_000
    /// Bytes, as the API server checks them.
    static let eventNoteBytes = 1_024
    static let eventReasonBytes = 128
    static let objectNameBytes = 253
    /// Equal events within this time after the last are one series. As client-go's broadcaster.
    static let eventSeriesMicroseconds: Int64 = 360_000_000
    /// Per object: this many at once, then one per refill time. As client-go's spam filter.
    static let eventBurst = 25.0
    static let eventRefillMicroseconds = 300_000_000.0
    /// Series and objects remembered. As client-go's cache.
    static let eventMemory = 4_096
    static let eventAttempts = 3
    static let eventBackoff = Backoff(base: .seconds(1), cap: .seconds(10))
    /// How long shutdown waits for queued events.
    static let eventFlush: Duration = .seconds(2)
}
