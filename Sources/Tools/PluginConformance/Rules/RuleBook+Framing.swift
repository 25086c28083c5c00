extension RuleBook {
    static let framing: [Rule] = [
        .checked(
            .oneObjectPerLine, .framing, "One object per line",
            """
            Every message is one JSON object (RFC 8259) on one line, ended by one byte 0x0A. A plugin writes nothing \
            else to standard output.
            """,
            fix: "print logs to standard error, write each answer with its newline at once, and flush"),
        .checked(
            .utf8, .framing, "UTF-8",
            "A plugin writes UTF-8 without a byte order mark.",
            fix: "encode answers as UTF-8, or escape all but ASCII as \\uXXXX"),
        .checked(
            .responseShape, .framing, "JSON-RPC 2.0",
            """
            A plugin sends responses, `{jsonrpc: "2.0", id, result}` or `{jsonrpc: "2.0", id, error}`, and the \
            notifications `log {level?, message}`, `reading` and `subscription_ended`. It sends no requests and no \
            arrays of messages.
            """,
            fix: "answer with jsonrpc \"2.0\", the request's id, and one of result and error"),
        .checked(
            .oneAnswer, .framing, "One answer",
            """
            Every request gets exactly one answer, with the request's id. Answers may come in any order.
            """,
            fix: "copy the id of the request into its answer, and answer each request once, even if it fails"),
        .checked(
            .longestAnswer, .framing, "Longest answer",
            "A line from a plugin has at most 1 MiB (1,048,576 bytes), without its newline.",
            fix: "shorten detail and messages; a value needs 200 bytes"),
        .checked(
            .longestRequest, .framing, "Longest request",
            """
            A plugin accepts lines of up to 60 KiB (61,440 bytes), or of up to its `maxRequestBytes`.
            """,
            fix: "read whole lines with a buffer that grows, not with a fixed one"),
        .checked(
            .escapedText, .framing, "Text encoding",
            """
            Requests are ASCII; every other character is escaped as `\\uXXXX`, including U+2028 and surrogate pairs. \
            Lines are split only at the byte 0x0A.
            """,
            fix: "use a JSON library, and split the bytes at 0x0A before decoding them"),
        .checked(
            .unknownMethod, .framing, "Unknown methods",
            "A request with a method that the plugin does not have is answered with the error -32601.",
            fix: "end the switch over the method with a default case that answers the error -32601"),
        .checked(
            .notifications, .framing, "Notifications",
            """
            A message without an `id` is a notification: it is never answered, and an unknown one is ignored.
            """,
            fix: "return without an answer if the message has no id"),
        .checked(
            .errorShape, .framing, "Errors",
            """
            An error is `{code, message, data?}`, with a code of the table of errors, and a message that says \
            what happened and what to do next. `data` is `{kind?, retryable?, retryAfterMs?, path?}`; `kind` is the \
            code's name.
            """,
            fix: "use the codes of the table, and describe in the message what went wrong"),
        .checked(
            .secretsUnseen, .framing, "Secrets are never shown",
            """
            The value of a secret field never appears in an answer, a log or a line on standard error, neither unchanged \
            nor percent-encoded, escaped or in Base64. The same applies to a password of 8 bytes or more in a URL or a \
            connection string.
            """,
            fix: "do not print configs or requests, and redact secrets from messages of other libraries"),
        .checked(
            .readsOn, .framing, "Keeps reading",
            """
            A plugin keeps reading its standard input for as long as it runs. The host ends a plugin that does not \
            read its input within 10 s.
            """,
            fix: "read in a loop, and do slow work on another thread if maxInFlight is above 1"),
        .checked(
            .standardError, .framing, "Standard error is a log",
            """
            Standard error is for log lines: bursts of up to 200, and 50 per second on average. The host drops further \
            lines.
            """,
            fix: "log failures, not every step"),
    ]
}
