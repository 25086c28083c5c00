extension RuleBook {
    static let exit: [Rule] = [
        .checked(
            .endOfInput, .exit, "End of input",
            """
            At the end of its standard input a plugin exits 0 within 2 s, also with calls in flight. That is the only \
            rule about its lifetime that a simple plugin has to think of.
            """,
            mend: "leave the loop when reading standard input returns nothing, and exit 0"),
        .checked(
            .shutdown, .exit, "Shutdown",
            """
            `shutdown` is answered with `{}`, and the plugin exits 0 within 2 s; or with the error -32601, and the end of \
            its input follows.
            """,
            mend: "answer {} and exit 0, or do not know the method"),
        .checked(
            .terminate, .exit, "SIGTERM",
            "SIGTERM ends a plugin within 3 s.",
            mend: "do not ignore SIGTERM; without a handler it does the right thing"),
        .checked(
            .nothingLeft, .exit, "Nothing is left",
            """
            No process that a plugin started outlives it. The host kills the plugin's whole process group, and what left \
            the group.
            """,
            mend: "end child processes before exiting, or start none"),
    ]

    static let confinement: [Rule] = [
        .checked(
            .confined, .confinement, "Works confined",
            """
            On Linux a plugin may read `/usr`, `/lib`, `/opt`, `/proc`, what name look-up and TLS need of `/etc`, and its \
            own directory; it may write to `TMPDIR` alone. It may use the network. `plugins.yaml` can widen that for one \
            plugin. A plugin answers confined as it answers unconfined, also with the same values: what the \
            sandbox hides is an error, never 0.
            """,
            mend: "keep files beside the plugin, write to TMPDIR only, or name further paths in plugins.yaml"),
        .unchecked(
            .otherProcesses, .confinement, "Other processes",
            "A plugin sends no signals to processes that it did not start.",
            because: "the sandbox refuses such signals, so a plugin cannot break the rule where it matters"),
        .unchecked(
            .secretsInCalls, .confinement, "Secrets come in calls",
            """
            A plugin takes secrets from the config of a call, or from files that the config names; never from arguments \
            or the environment, which every process of the machine can read.
            """,
            because: "where a plugin takes its secrets from cannot be seen from outside"),
    ]

    private static let bindsHost = "it binds the host, whose own tests hold it to it"

    static let host: [Rule] = [
        .unchecked(
            .hostIDs, .host, "Ids",
            "The host's ids are whole numbers from 0 to 2^53 - 1; it uses none twice.", because: bindsHost),
        .unchecked(
            .hostLines, .host, "Lines",
            """
            The host sends only requests and notifications of this page, as ASCII, and no line longer than 60 KiB or \
            `maxRequestBytes`.
            """, because: bindsHost),
        .unchecked(
            .hostInFlight, .host, "In flight",
            """
            The host has at most `maxInFlight` requests without an answer; a call that it gave up counts until it is \
            answered.
            """, because: bindsHost),
        .unchecked(
            .hostForgives, .host, "What is forgiven",
            """
            The host passes over a CR before the newline, blank lines and, with a warning, a byte order mark. A line that \
            is no message is counted, logged and skipped; 100 in a row, or one line longer than 1 MiB, end the plugin.
            """, because: bindsHost),
        .unchecked(
            .hostDeadlines, .host, "Deadlines",
            """
            At its deadline a call fails as `deadline_exceeded`, whatever the plugin does, and a plugin with the \
            capability `cancel` is told. A plugin that misses three in a row is restarted.
            """, because: bindsHost),
        .unchecked(
            .hostStops, .host, "Stopping",
            """
            The host sends `shutdown` and closes standard input; after 2 s the process group gets SIGTERM, after 3 s more \
            SIGKILL.
            """, because: bindsHost),
        .unchecked(
            .hostRestarts, .host, "Restarts",
            """
            A plugin that ends is started again after 1 s, doubling to 5 min; after 10 min of health from the start. Five \
            crashes in 10 min leave one probe at a time. A wrong config never restarts a plugin. One that no scaler uses for \
            a minute is stopped as in P-56, and started again by the next call.
            """, because: bindsHost),
        .unchecked(
            .hostTrusts, .host, "Trust",
            """
            The host runs plugins of the directories it was given, never of `PATH`. `plugins.yaml` can pin arguments, \
            environment and the file's SHA-256.
            """, because: bindsHost),
        .unchecked(
            .hostSwaps, .host, "Swapping",
            """
            When a plugin's file changes, the host starts the new one, shakes hands, moves the calls over and ends the \
            old one.
            """, because: bindsHost),
    ]
}
