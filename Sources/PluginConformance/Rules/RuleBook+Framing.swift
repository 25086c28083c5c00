extension RuleBook {
    static let framing: [Rule] = [
        .checked(
            .oneObjectPerLine, .framing, "One object a line",
            """
            Every message is one JSON object (RFC 8259) on one line, ended by one byte 0x0A. Nothing else stands on a \
            plugin's standard output.
            """,
            mend: "print logs to standard error, write each answer with its newline at once, and flush"),
        .checked(
            .utf8, .framing, "UTF-8",
            "A plugin writes UTF-8 without a byte order mark.",
            mend: "encode answers as UTF-8, or escape all but ASCII as \\uXXXX"),
        .checked(
            .responseShape, .framing, "JSON-RPC 2.0",
            """
            A plugin sends responses, `{jsonrpc: "2.0", id, result}` or `{jsonrpc: "2.0", id, error}`, and the \
            notifications `log {level?, message}`, `reading` and `subscription_ended`. It sends no requests and no arrays \
            of messages.
            """,
            mend: "answer with jsonrpc \"2.0\", the request's id, and one of result and error"),
        .checked(
            .oneAnswer, .framing, "One answer",
            """
            Every request gets exactly one answer, which bears its id. Answers may come in any order.
            """,
            mend: "copy the id of the request into its answer, and answer each request once, also where it fails"),
        .checked(
            .longestAnswer, .framing, "Longest answer",
            "A line from a plugin has at most 1 MiB (1,048,576 bytes), its newline not counted.",
            mend: "shorten detail and messages; a value needs 200 bytes"),
        .checked(
            .longestRequest, .framing, "Longest request",
            """
            A plugin takes lines of up to 60 KiB (61,440 bytes), or of up to its `maxRequestBytes`.
            """,
            mend: "read whole lines with a buffer that grows, not with a fixed one"),
        .checked(
            .escapedText, .framing, "Text of any kind",
            """
            Requests are ASCII; every other character comes as `\\uXXXX`, also U+2028 and pairs of surrogates. Lines \
            are cut at the byte 0x0A alone.
            """,
            mend: "use a JSON library, and split the bytes at 0x0A before decoding them"),
        .checked(
            .unknownMethod, .framing, "Unknown methods",
            "A request with a method that the plugin does not have is answered with the error -32601.",
            mend: "end the switch over the method with an error -32601 for all that is left"),
        .checked(
            .notifications, .framing, "Notifications",
            """
            A message without an `id` is a notification: it is never answered, and one that is not known is passed over.
            """,
            mend: "return without an answer where the message has no id"),
        .checked(
            .errorShape, .framing, "Errors",
            """
            An error is `{code, message, data?}`, with a code of the table below and a message that says what happened \
            and what to do next. `data` is `{kind?, retryable?, retryAfterMs?, path?}`; `kind` is the code's name.
            """,
            mend: "use the codes of the table, and say in words what went wrong"),
        .checked(
            .secretsUnseen, .framing, "Secrets stay unseen",
            """
            The value of a secret field stands in no answer, no log and no line on standard error: neither as it is, nor \
            percent-encoded, escaped or in Base64. Of a URL or a connection string, that holds for the password in it, \
            too, from 8 bytes on.
            """,
            mend: "do not print configs or requests, and strike secrets out of messages of other libraries"),
        .checked(
            .readsOn, .framing, "Reads on",
            """
            A plugin goes on reading its standard input for as long as it runs. What it does not read within 10 s ends \
            it.
            """,
            mend: "read in a loop, and do slow work elsewhere where maxInFlight is above 1"),
        .checked(
            .standardError, .framing, "Standard error is a log",
            """
            Standard error is for log lines: up to 200 at once, and 50 a second for long. The host drops the rest.
            """,
            mend: "log failures, not every step"),
    ]
}
