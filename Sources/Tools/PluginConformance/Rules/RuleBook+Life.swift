extension RuleBook {
    static let exit: [Rule] = [
        .checked(
            .endOfInput, .exit, "End of input",
            """
            At the end of its standard input a plugin exits 0 within 2 s, even with calls in flight. That is the \
            only rule about its lifetime that a simple plugin must implement.
            """,
            fix: "leave the loop when reading standard input returns nothing, and exit 0"),
        .checked(
            .shutdown, .exit, "Shutdown",
            """
            A plugin answers `shutdown` with `{}` and exits 0 within 2 s, or answers with the error -32601; the end \
            of its input then follows.
            """,
            fix: "answer {} and exit 0, or answer the error -32601"),
        .checked(
            .terminate, .exit, "SIGTERM",
            "SIGTERM ends a plugin within 3 s.",
            fix: "do not ignore SIGTERM; the default action is right"),
        .checked(
            .nothingLeft, .exit, "No leftovers",
            """
            No process that a plugin started outlives it. The host kills the plugin's whole session, which a confined \
            process cannot leave: `setsid` fails.
            """,
            fix: "end child processes before exiting, or start none"),
    ]

    static let confinement: [Rule] = [
        .checked(
            .confined, .confinement, "Works in the sandbox",
            """
            On Linux a plugin may read `/usr`, `/bin`, `/sbin`, `/lib`, `/lib64`, `/opt`, `/proc`, \
            `/sys/devices/system/cpu`, the files of `/etc` that name resolution and TLS need, and its own directory; \
            it may write only to `TMPDIR`. It may use the network. `plugins.yaml` can allow a plugin more paths. \
            `chmod` and setting a file's times succeed and change nothing. A `#!` line names a program under `/usr`, \
            `/bin`, `/sbin`, `/lib`, `/lib64`, `/opt` or one of those additional paths, or `env` and one plain name \
            without options. A \
            plugin gives the same answers and values inside and outside of the sandbox: a file that the sandbox hides is \
            an error, never 0.
            """,
            fix: "keep files next to the plugin, write to TMPDIR only, or name further paths in plugins.yaml"),
        .unchecked(
            .otherProcesses, .confinement, "Other processes",
            "A plugin sends no signals to processes that it did not start.",
            because: "the sandbox refuses such signals, so a plugin cannot break the rule in production"),
        .unchecked(
            .secretsInCalls, .confinement, "Secrets are passed in calls",
            """
            A plugin takes secrets from the config of a call, or from files that the config names; never from \
            arguments, which every process of the machine can read, or the environment, which the processes that it \
            starts inherit.
            """,
            because: "the source of a plugin's secrets cannot be observed from outside"),
    ]

    private static let bindsHost = "it applies to the host, and is covered by the host's tests"

    static let host: [Rule] = [
        .unchecked(
            .hostIDs, .host, "Ids",
            "The host's ids are whole numbers from 0 to 2^53 - 1; no id is used twice.", because: bindsHost),
        .unchecked(
            .hostLines, .host, "Lines",
            """
            The host sends only requests and notifications of this page, as ASCII, and no line longer than 60 KiB or \
            `maxRequestBytes`.
            """, because: bindsHost),
        .unchecked(
            .hostInFlight, .host, "In flight",
            """
            The host has at most `maxInFlight` requests without an answer; an abandoned call counts until it is \
            answered.
            """, because: bindsHost),
        .unchecked(
            .hostForgives, .host, "Tolerated input",
            """
            The host ignores a CR before the newline, blank lines and, with a warning, a byte order mark. A line \
            that is not a message is counted, logged and skipped. After 100 such lines in a row, or one line longer \
            than 1 MiB, the host ends the plugin.
            """, because: bindsHost),
        .unchecked(
            .hostDeadlines, .host, "Deadlines",
            """
            At its deadline a call fails as `deadline_exceeded`, regardless of the plugin, and a plugin with the \
            capability `cancel` is notified. A plugin that misses three in a row is restarted.
            """, because: bindsHost),
        .unchecked(
            .hostStops, .host, "Stopping",
            """
            The host sends `shutdown` and closes standard input; after 2 s the process group gets SIGTERM, after 3 s \
            more SIGKILL.
            """, because: bindsHost),
        .unchecked(
            .hostRestarts, .host, "Restarts",
            """
            A plugin that ends is started again after 1 s, doubling to 5 min; after 10 min without a failure the delay \
            starts at 1 s again. After five crashes within 10 min, the host starts the plugin only every 5 min, \
            until it has run for 10 min. An invalid config never restarts a plugin. A plugin that no scaler uses for a \
            minute is stopped as in P-56, and started again by the next call.
            """, because: bindsHost),
        .unchecked(
            .hostTrusts, .host, "Trust",
            """
            The host runs plugins from its configured directories, never from `PATH`. `plugins.yaml` can pin \
            arguments, environment and the file's SHA-256.
            """, because: bindsHost),
        .unchecked(
            .hostSwaps, .host, "Swapping",
            """
            When a plugin's file changes, the host starts the new version, completes the handshake, moves the calls to \
            it and ends the old version.
            """, because: bindsHost),
    ]
}
