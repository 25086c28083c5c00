extension RuleBook {
    static let config: [Rule] = [
        .checked(
            .validateShape, .config, "Validation",
            """
            `validate_config {type, config}` is answered within 10 s with `{valid: true, targetType?}`, or with \
            `{valid: false, errors: [{path, message}]}` and at least one error. `targetType` is there where the config \
            decides how the value is held against its target.
            """,
            mend: "answer a result, not an error, also where the config is wrong"),
        .checked(
            .goodConfig, .config, "A good config is valid",
            "`validate_config` of a config that works is `valid: true`.",
            mend: "compare the config with the errors that the plugin answers"),
        .checked(
            .badConfig, .config, "A bad config is not",
            """
            `validate_config` of a config that cannot work is `valid: false`, with the path and the fault of every field \
            that is wrong.
            """,
            mend: "check in validate_config what get_metric_value needs"),
        .checked(
            .unknownKey, .config, "Unknown keys",
            "A key of the config that the plugin does not know is an error, whose path ends with the key.",
            mend: "compare the config's keys with those you know, and report each of the others"),
        .checked(
            .schemaHolds, .config, "The schema holds",
            """
            A config without a required field of its schema, or with a field of another type than its schema's, is \
            `valid: false`.
            """,
            mend: "check presence and type of each field, and keep schema and checks together"),
        .checked(
            .noNetwork, .config, "No network",
            "`validate_config` gives its verdict without a network.",
            mend: "check the form of addresses and names only; leave connecting to get_metric_value"),
        .checked(
            .refusedConfig, .config, "A refused config",
            """
            A call with a config that `validate_config` refuses is answered with the error 1001 (`config_invalid`), \
            never with a value.
            """,
            mend: "validate the config at the start of every call"),
    ]

    static let metric: [Rule] = [
        .checked(
            .readingShape, .metric, "Reading",
            """
            `get_metric_value {type, config, targetType, deadlineMs}` is answered with \
            `{value, unit?, observedAt, detail?, assumed?}` or an error. `assumed: true` says that the source has no \
            value, and that the config has this one stand for it: it is no reason to go to 0 replicas.
            """,
            mend: "compare the result with docs/reference/schemas/get-metric-value-result.json"),
        .checked(
            .finiteValue, .metric, "A finite number",
            """
            `value` is a finite number that a double holds. What is missing, empty, infinite or not a number is the \
            error 1006 (`no_data`), never 0.
            """,
            mend: "answer the error 1006 where there is no value or it is not finite"),
        .checked(
            .observedAt, .metric, "When it was true",
            """
            `observedAt` is when the source observed the value, as RFC 3339 text, such as `2026-01-02T03:04:05.678Z`. It \
            is not in the future: the host allows for a clock skew of 60 s, and a value dated later than that is no data. \
            It is not older than the metric type's `maxAgeMs`, or 60 s where the type has none: an older value is no data, \
            too.
            """,
            mend:
                "use the source's own time where it has one, and the present in UTC otherwise; write maxAgeMs for a slow source"
        ),
        .checked(
            .targetTypes, .metric, "Both target types",
            """
            A call may come with `targetType` `Value` (held against the target as it is) or `AverageValue` (divided by \
            the replicas). The plugin does not divide.
            """,
            mend: "take both words; most plugins need not look at them"),
        .checked(
            .batch, .metric, "Many at once",
            """
            With the capability `batch`, `get_metric_values {type, requests: [{config, targetType}], deadlineMs}` is \
            answered with `{answers}`: for each request, in their order, what `get_metric_value` would have answered, or \
            `{error}`.
            """,
            mend: "answer as many entries as there are requests, in the same order"),
        .checked(
            .range, .metric, "History",
            """
            With the capability `range`, `get_metric_range {type, config, targetType, from, to, stepSeconds, \
            deadlineMs}` is answered with `{points: [{at, value}], unit?, detail?}`: what `get_metric_value` would have \
            answered at `from` and after every step up to `to`. Points are in the order of time, each time once. A point \
            counts for the nearest of these times that is at most half a step away: a source may have times of its own. \
            Times without a value are left out; without any it is the error 1006. The host asks for at most 10,000.
            """,
            mend: "sort the points by time, and leave out those without a value or outside from and to"),
    ]

    static let concurrency: [Rule] = [
        .checked(
            .deadline, .concurrency, "Deadline",
            """
            `deadlineMs` is how many milliseconds an answer is of use, counted from when the request is read. A plugin \
            answers by then, at the latest with the error 1007 (`deadline_exceeded`).
            """,
            mend:
                "give every wait for the source a limit that ends before deadlineMs, as a whole and not from byte to byte"
        ),
        .checked(
            .inFlight, .concurrency, "Calls in flight",
            """
            A plugin that advertises `maxInFlight` N takes N requests before it has answered the first, and answers all.
            """,
            mend: "lower maxInFlight to what the plugin can do, or serve calls side by side"),
        .checked(
            .cancel, .concurrency, "Cancel",
            """
            With the capability `cancel`, the notification `cancel {id}` means that nobody waits for that call any more. \
            It still gets its one answer, the error 1009 (`cancelled`) or any other, at once.
            """,
            mend: "stop the call's work when cancel names its id, and answer it with the error 1009"),
        .checked(
            .staysAlive, .concurrency, "Stays alive",
            """
            A plugin runs until the host ends it. No request, config or failure of its source makes it exit or stop \
            answering, and it does not go on in the background: the process that the host started is the plugin.
            """,
            mend: "catch every error of a call and answer it; what it last wrote to standard error is shown"),
        .checked(
            .boundedResources, .concurrency, "Bounded resources",
            """
            Memory and open files do not grow with the number of calls. A plugin does with less than 2 GiB of memory and \
            1,024 open files.
            """,
            mend: "close what a call opens, keep connections instead of opening one a call, and bound caches"),
    ]
}
