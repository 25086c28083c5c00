import PluginProtocol

/// The limits that the host sets, in addition to those of the protocol (`ProtocolLimits`).
package enum PluginHostLimits {
    // MARK: Calls

    /// How long a new process has to answer `initialize`. Generous: an interpreter may start on a loaded machine.
    package static let handshakeTimeout: Duration = .seconds(30)
    /// The same, if a person waits for it.
    package static let shortHandshakeTimeout: Duration = .seconds(10)
    /// How long a plugin has to check a config, for which it needs no network.
    static let validateTimeout: Duration = .seconds(10)
    /// The maximum number of calls in flight per plugin, regardless of what it advertises.
    static let maxInFlight = 1_024
    /// Calls waiting for their turn at one plugin; more are refused as busy.
    static let maxQueuedCalls = 4_096
    /// Calls that are sent to a plugin together, if it takes batches.
    static let maxBatch = 64
    /// What a batch has beside its calls: method, id, deadline, a metric type of usual length.
    static let batchOverheadBytes = 1 << 10
    /// Part of a call's time, one in so many, that the plugin does not get, so that its own `deadline_exceeded` still
    /// arrives in time.
    static let answerMarginDivisor: Int64 = 10
    /// The most time that a plugin does not get.
    static let maxAnswerMargin: Duration = .milliseconds(250)
    /// Times that a whole deadline passes for the plugin, with no answer of any kind in between, until it restarts.
    static let missedDeadlinesBeforeRestart = 3

    /// How long a config is kept from a plugin that ended on it: from the first time, doubling to the longest.
    static let firstQuarantine: Duration = .seconds(600)
    static let maxQuarantine: Duration = .seconds(6 * 3_600)
    /// This many configs of one namespace that are kept from a plugin keep from it every config of that namespace that
    /// it has not answered yet.
    static let quarantinesOfNamespace = 3
    /// Configs of one plugin that are suspect or kept from it.
    static let maxCrashSuspects = 4_096
    /// Lines of a plugin that answer nothing (pushes, logs, late answers), and KiB of them: so many a second, and so
    /// many at once. Past that the plugin restarts.
    static let unsolicitedPerSecond = 6_000
    static let unsolicitedBurst = 30_000
    /// Bytes of a plugin's stderr that are read a second, and at once. Above that the plugin is paused.
    static let stderrBytesPerSecond = 1 << 20
    static let stderrBurstBytes = 4 << 20

    // MARK: Pushes

    /// Configs that one plugin is subscribed to; what comes after is polled only.
    static let maxSubscriptions = 16_384
    /// Calls `subscribe` in flight with one plugin, so that they leave room for those for values.
    static let maxSubscribing = 4
    /// How long a plugin has to answer `subscribe` or `unsubscribe`.
    static let subscribeTimeout: Duration = .seconds(5)
    /// How long until a config is subscribed to again that could not be, or whose subscription ended: from the first,
    /// doubling to the longest.
    static let firstSubscribeDelay: Duration = .seconds(1)
    static let maxSubscribeDelay: Duration = .seconds(300)
    /// Pushed readings of one process that are looked at in one second. Twice what a plugin may send, because clocks
    /// differ.
    static let maxPushesPerSecond = 2 * ProtocolLimits.maxPushesPerSecond

    // MARK: Bytes

    /// Bytes waiting for a plugin to read its stdin, past which no further call is sent.
    static let maxUnwrittenBytes = 256 << 10
    /// Bytes that go to a plugin's stdin without waiting for what other callers have to add.
    static let bytesWrittenEarly = 8 << 10
    /// How long a plugin may leave all waiting bytes unread until it restarts.
    static let writeDeadline: Duration = .seconds(10)
    /// Lines in a row on stdout that are no protocol message, past which the plugin restarts.
    static let maxRejectedLinesInRow = 100
    /// Bytes read from a descriptor in one go.
    static let readChunkBytes = 64 << 10
    /// Bytes still read from a pipe after its process has ended.
    static let maxBytesAfterExit = 2 << 20
    /// Characters of a plugin's line that the log shows.
    static let maxExcerpt = 200
    /// Bytes of a plugin's line that secrets are removed from before it is cut to ``maxExcerpt``.
    static let maxUncutExcerptBytes = 16 << 10
    /// Problems of one config that its caller sees.
    static let maxProblems = 20
    /// Characters of an error's message that a plugin answers. It goes into conditions and events.
    static let maxMessageCharacters = 1_024

    // MARK: Logs

    /// Longest line of a plugin's stderr; what is longer is logged in pieces.
    static let maxLogLineBytes = 8 << 10
    /// Log lines a plugin may write at once.
    static let logBurstLines = 200
    /// Log lines a second that a plugin may write for long.
    static let logLinesPerSecond = 50
    /// Characters of an answer that the log shows in place of its caller.
    static let maxWithheldCharacters = 4_096
    /// How long until what is withheld from callers is logged again in the same words.
    static let withheldInterval: Duration = .seconds(300)
    /// Different texts withheld from callers that are remembered as logged.
    static let maxWithheldTexts = 256
    /// Log records of all plugins waiting to be written.
    static let maxWaitingLogRecords = 4_096
    /// The maximum number of secrets of configs that are redacted from one plugin process's texts; the last ones sent
    /// count.
    static let maxSecrets = 8_192
    /// Bytes of what these are looked for by.
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
    /// How long a program that is open for writing is tried again, and how often. The launcher has the same.
    static let busyProgramTime: Duration = .seconds(2)
    static let busyProgramInterval: Duration = .milliseconds(10)
    /// How long a plugin has to exit after SIGTERM.
    static let terminateGrace: Duration = .seconds(3)
    /// How long a process may outlive its stdout: on a loaded machine an exit takes its time.
    static let outputEndGrace: Duration = .seconds(5)
    /// How long killed descendants have to be gone.
    static let killGrace: Duration = .seconds(3)
    /// How often a file system's space, the container's memory and new processes are looked at.
    static let watchInterval: Duration = .milliseconds(100)
    /// Looks at these between two at every plugin's memory and processes.
    static let watchTicksPerSweep = 10
    /// The number of processes started on the machine since the last scan that causes an immediate scan.
    static let startsBeforeSweep = 8
    /// Part of the container's memory or tasks above which the plugin that grew most is killed, then the next.
    static let pressureShare = 0.8
    /// Part above which also plugins are killed that have not grown.
    static let emergencyShare = 0.95
    /// How long a plugin's growth is looked back on.
    static let growthWindow: Duration = .seconds(10)
    /// Less growth of memory is not worth a kill below ``emergencyShare``.
    static let leastGrowthBytes: Int64 = 1 << 20
    /// Nameless files of one plugin that are counted.
    static let maxNamelessFiles = 4_096
    /// How long a root of workspaces may be without its lock, which it gets right after it is made.
    static let lockGrace: Duration = .seconds(60)
    /// Rounds of looking for descendants to kill.
    static let maxKillRounds = 8
    /// The interval of sweeps for ended orphans.
    static let orphanSweepInterval: Duration = .seconds(30)

    /// How often plugins' files are looked at; one that changed and then stayed the same for as long is swapped in.
    static let programPollInterval: Duration = .seconds(5)
    /// Configs that a plugin called valid and that its next version has to as well, before it is swapped in; the
    /// latest ones count.
    static let maxRememberedConfigs = 256
    static let firstRestartDelay: Duration = .seconds(1)
    static let maxRestartDelay: Duration = .seconds(300)
    /// A restart delay is drawn from this far around its middle.
    static let restartJitter = 0.2
    /// A plugin up for this long starts again from the first delay.
    package static let healthyAfter: Duration = .seconds(600)
    /// This many crashes within ``breakerWindow`` open the breaker.
    package static let breakerCrashes = 5
    static let breakerWindow: Duration = .seconds(600)

    // MARK: Manifest

    static let maxManifestBytes = 1 << 20
    /// Nodes of one plugin's `defaults` after its aliases are expanded.
    static let maxManifestNodes = 50_000
    /// Entries of one plugin's `allowedAddresses`.
    static let maxAllowedAddresses = 256
    /// Entries of one plugin's `allowedNetworks`.
    static let maxAllowedNetworks = 256
}
