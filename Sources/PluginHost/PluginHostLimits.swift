import PluginProtocol

/// The limits that the host sets, in addition to those of the protocol (`ProtocolLimits`).
package enum PluginHostLimits {
    // MARK: Calls

    /// How long a new process may take to answer `initialize`. Generous, because an interpreter may start on a loaded
    /// machine.
    package static let handshakeTimeout: Duration = .seconds(30)
    /// The same if a user waits for it.
    package static let shortHandshakeTimeout: Duration = .seconds(10)
    /// How long a plugin may take to validate a config, which requires no network.
    static let validateTimeout: Duration = .seconds(10)
    /// The maximum number of calls in flight per plugin, regardless of what it advertises.
    static let maxInFlight = 1_024
    /// Queued calls per plugin; further ones are refused as busy.
    static let maxQueuedCalls = 4_096
    /// Calls in one batch.
    static let maxBatch = 64
    /// Bytes of a batch besides its calls: method, id, deadline, a metric type of usual length.
    static let batchOverheadBytes = 1 << 10
    /// The divisor for the part of a call's time that is reserved, so that the plugin's own `deadline_exceeded` still
    /// arrives in time.
    static let answerMarginDivisor: Int64 = 10
    /// The maximum reserved time.
    static let maxAnswerMargin: Duration = .milliseconds(250)
    /// The number of missed deadlines, without any answer in between, after which the plugin is restarted.
    static let missedDeadlinesBeforeRestart = 3

    /// The quarantine of a config on which a plugin crashed: the first duration, doubling up to the longest.
    static let firstQuarantine: Duration = .seconds(600)
    static let maxQuarantine: Duration = .seconds(6 * 3_600)
    /// The number of quarantined configs of one namespace after which all its configs that the plugin has not answered
    /// yet are quarantined.
    static let quarantinesOfNamespace = 3
    /// Suspect or quarantined configs of one plugin.
    static let maxCrashSuspects = 4_096
    /// The limits of lines that are not answers to calls (pushes, logs, late answers), and of their KiB: per second,
    /// and per burst. Beyond them, the plugin is restarted.
    static let unsolicitedPerSecond = 6_000
    static let unsolicitedBurst = 30_000
    /// Bytes of a plugin's stderr that are read per second, and per burst. Beyond that, reading pauses.
    static let stderrBytesPerSecond = 1 << 20
    static let stderrBurstBytes = 4 << 20

    // MARK: Pushes

    /// Subscriptions of one plugin; further configs are only polled.
    static let maxSubscriptions = 16_384
    /// Concurrent `subscribe` calls of one plugin, which leave capacity for reads.
    static let maxSubscribing = 4
    /// How long a plugin may take to answer `subscribe` or `unsubscribe`.
    static let subscribeTimeout: Duration = .seconds(5)
    /// The delay before a failed or ended subscription is retried: the first one, doubling up to the longest.
    static let firstSubscribeDelay: Duration = .seconds(1)
    static let maxSubscribeDelay: Duration = .seconds(300)
    /// Pushed readings of one process that are processed per second. Twice what a plugin may send, because clocks
    /// differ.
    static let maxPushesPerSecond = 2 * ProtocolLimits.maxPushesPerSecond

    // MARK: Bytes

    /// Unwritten bytes for a plugin's stdin beyond which no further call is sent.
    static let maxUnwrittenBytes = 256 << 10
    /// Bytes that are written to a plugin's stdin immediately, without waiting for other callers.
    static let bytesWrittenEarly = 8 << 10
    /// How long a plugin may read nothing from its stdin before it is restarted.
    static let writeDeadline: Duration = .seconds(10)
    /// Consecutive invalid lines on stdout after which the plugin is restarted.
    static let maxRejectedLinesInRow = 100
    /// Bytes read from a descriptor at once.
    static let readChunkBytes = 64 << 10
    /// Bytes read from a pipe after its process has ended.
    static let maxBytesAfterExit = 2 << 20
    /// Characters of a plugin's line in the log.
    static let maxExcerpt = 200
    /// Bytes of a plugin's line that are redacted before it is truncated to ``maxExcerpt``.
    static let maxUncutExcerptBytes = 16 << 10
    /// Problems of one config that are reported.
    static let maxProblems = 20
    /// Characters of a plugin's error message, which becomes part of conditions and events.
    static let maxMessageCharacters = 1_024

    // MARK: Logs

    /// The longest line of a plugin's stderr; a longer one is logged in pieces.
    static let maxLogLineBytes = 8 << 10
    /// The burst of log lines of a plugin.
    static let logBurstLines = 200
    /// The sustained log lines per second of a plugin.
    static let logLinesPerSecond = 50
    /// Characters of an answer that is logged in place of being shown to its caller.
    static let maxWithheldCharacters = 4_096
    /// How long before the same withheld text is logged again.
    static let withheldInterval: Duration = .seconds(300)
    /// Withheld texts that are tracked as logged.
    static let maxWithheldTexts = 256
    /// Queued log records of all plugins.
    static let maxWaitingLogRecords = 4_096
    /// The maximum number of secrets of configs that are redacted from one plugin process's texts; the last ones sent
    /// are kept.
    static let maxSecrets = 8_192
    /// Bytes of the search patterns of these secrets.
    static let maxSecretBytes = 16 << 20
    /// Shorter secrets are not redacted: they protect nothing, and would match ordinary words.
    static let minSecretBytes = 4
    /// Shorter lines of a secret of several lines are not redacted separately.
    static let minSecretLineBytes = 8
    /// The maximum number of lines of one secret, such as a private key, that are redacted separately.
    static let maxSecretLines = 256

    // MARK: Life and death

    /// How long the operator keeps an idle plugin.
    package static let restsAfter: Duration = .seconds(60)
    /// How long and how often the start of a program that is open for writing is retried. The launcher has the same
    /// limits.
    static let busyProgramTime: Duration = .seconds(2)
    static let busyProgramInterval: Duration = .milliseconds(10)
    /// How long a plugin may take to exit after SIGTERM.
    static let terminateGrace: Duration = .seconds(3)
    /// How long a process may outlive its stdout; exits take time on a loaded machine.
    static let outputEndGrace: Duration = .seconds(5)
    /// How long killed descendants may take to exit.
    static let killGrace: Duration = .seconds(3)
    /// How often the free space of the file system, the container's memory and new processes are checked.
    static let watchInterval: Duration = .milliseconds(100)
    /// The number of these checks between two sweeps of every plugin's memory and processes.
    static let watchTicksPerSweep = 10
    /// The number of these sweeps between two sums of the files while the file system loses little space. While its space is
    /// unknown, each sweep sums them.
    static let sweepsPerFileSum = 10
    /// The files are summed at once when the file system has lost this part of the smallest limit of a plugin since the last
    /// time. In a cluster it is the node's, which loses some space all the time.
    static let spaceChecksPerLimit: UInt64 = 8
    /// The least space that an entry of a temporary directory counts as.
    static let bytesPerEntry: UInt64 = 4_096
    /// The number of processes started on the machine since the last scan that causes an immediate scan.
    static let startsBeforeSweep = 8
    /// The share of the container's memory or tasks above which the plugin that grew most is killed, then the next.
    static let pressureShare = 0.8
    /// The share above which plugins that have not grown are killed too.
    static let emergencyShare = 0.95
    /// The period over which a plugin's growth is measured.
    static let growthWindow: Duration = .seconds(10)
    /// The minimum growth of memory for a kill below ``emergencyShare``.
    static let leastGrowthBytes: Int64 = 1 << 20
    /// Unlinked files of one plugin that are counted.
    static let maxNamelessFiles = 4_096
    /// How long a root of workspaces may exist without its lock, which is acquired right after its creation.
    static let lockGrace: Duration = .seconds(60)
    /// Rounds of searching for descendants to kill.
    static let maxKillRounds = 8
    /// The interval of sweeps for ended orphans.
    static let orphanSweepInterval: Duration = .seconds(30)
    /// The interval of the sweeps on the watch's thread, while plugins run. An orphan is reaped by the second sweep that
    /// sees it, so that an operator at its limit of processes is stuck for at most twice as long.
    static let watchedOrphanSweepInterval: Duration = .seconds(10)

    /// How often plugins' files are checked. A changed file that stays unchanged for as long is swapped in.
    static let programPollInterval: Duration = .seconds(5)
    /// Valid configs per plugin that its next version has to accept too before it is swapped in; the latest ones are
    /// kept.
    static let maxRememberedConfigs = 256
    static let firstRestartDelay: Duration = .seconds(1)
    static let maxRestartDelay: Duration = .seconds(300)
    /// The jitter of restart delays, relative to the delay.
    static let restartJitter = 0.2
    /// The uptime after which a plugin's restart delay is reset.
    package static let healthyAfter: Duration = .seconds(600)
    /// The number of crashes within ``breakerWindow`` that opens the circuit breaker.
    package static let breakerCrashes = 5
    static let breakerWindow: Duration = .seconds(600)

    // MARK: Manifest

    static let maxManifestBytes = 1 << 20
    /// Nodes of one plugin's `defaults` after expanding aliases.
    static let maxManifestNodes = 50_000
    /// Entries of one plugin's `allowedAddresses`.
    static let maxAllowedAddresses = 256
    /// Entries of one plugin's `allowedNetworks`.
    static let maxAllowedNetworks = 256
}
