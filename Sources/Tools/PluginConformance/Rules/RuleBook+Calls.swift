extension RuleBook {
    static let config: [Rule] = [
        .checked(
            .validateShape, .config, "Validation",
            """
            `validate_config {type, config}` is answered within 10 s with `{valid: true, targetType?}`, or with \
            `{valid: false, errors: [{path, message}]}` and at least one error. `targetType` is present if the \
            config determines how the value is compared with its target.
            """,
            fix: "answer a result, not an error, even if the config is invalid"),
        .checked(
            .goodConfig, .config, "A good config is valid",
            "`validate_config` of a config that works is `valid: true`.",
            fix: "compare the config with the errors that the plugin answers"),
        .checked(
            .badConfig, .config, "A bad config is invalid",
            """
            `validate_config` of a config that cannot work is `valid: false`, with the path and the fault of every \
            field that is wrong.
            """,
            fix: "check in validate_config what get_metric_value needs"),
        .checked(
            .unknownKey, .config, "Unknown keys",
            "An unknown key of the config is an error, and the path of the error ends with that key.",
            fix: "compare the config's keys with those you know, and report each of the others"),
        .checked(
            .schemaHolds, .config, "The schema is enforced",
            """
            A config that lacks a required field of the schema, or has a field whose type differs from the schema, is \
            `valid: false`.
            """,
            fix: "check presence and type of each field, and keep schema and checks together"),
        .checked(
            .noNetwork, .config, "No network",
            "`validate_config` gives its verdict without a network.",
            fix: "check the form of addresses and names only; leave connecting to get_metric_value"),
        .checked(
            .refusedConfig, .config, "A rejected config",
            """
            A call with a config that `validate_config` rejects is answered with the error 1001 (`config_invalid`), \
            never with a value.
            """,
            fix: "validate the config at the start of every call"),
    ]

    static let metric: [Rule] = [
        .checked(
            .readingShape, .metric, "Reading",
            """
            `get_metric_value {type, config, targetType, deadlineMs}` is answered with `{value, unit?, observedAt, \
            detail?, assumed?, usefulReplicas?, active?}` or an error. `assumed: true` says that the source has no \
            value, and that the config assumes this one: it never causes a scale to 0 replicas.
            """,
            fix: "compare the result with docs/reference/schemas/get-metric-value-result.json"),
        .checked(
            .finiteValue, .metric, "A finite number",
            """
            `value` is a finite number that a double holds. A missing, empty, infinite or non-numeric value is the \
            error 1006 (`no_data`), never 0.
            """,
            fix: "answer the error 1006 if there is no value or it is not finite"),
        .checked(
            .observedAt, .metric, "Time of observation",
            """
            `observedAt` is the time at which the source observed the value, as RFC 3339 text, such as \
            `2026-01-02T03:04:05.678Z`. It is not in the future: the host allows for a clock skew of 60 s, and a \
            value dated later than that is no data. It is not older than the metric type's `maxAgeMs`, or 60 s if the type \
            has none: an older value can count as no data, too.
            """,
            fix:
                "use the source's own time if it has one, otherwise the present time in UTC; declare maxAgeMs for a slow source"
        ),
        .checked(
            .targetTypes, .metric, "Both target types",
            """
            A call may have `targetType` `Value` (compared with the target directly) or `AverageValue` (divided by the \
            replicas). The plugin does not divide.
            """,
            fix: "accept both; most plugins need not use the field"),
        .checked(
            .batch, .metric, "Batch",
            """
            With the capability `batch`, `get_metric_values {type, requests: [{config, targetType}], deadlineMs}` is \
            answered with `{answers}`: for each request, in their order, what `get_metric_value` would have \
            answered, or `{error}`.
            """,
            fix: "answer as many entries as there are requests, in the same order"),
        .checked(
            .range, .metric, "History",
            """
            With the capability `range`, `get_metric_range {type, config, targetType, from, to, stepSeconds, \
            deadlineMs}` is answered with `{points: [{at, value}], unit?, detail?}`: what `get_metric_value` would \
            have answered at `from` and after every step up to `to`. Points are ordered by time, without duplicates. \
            A source may have its own times: a point counts for the nearest requested time that is at most half a \
            step away. Times without a value are omitted; without any value, the answer is the error 1006. The host \
            requests at most 10,000 points.
            """,
            fix: "sort the points by time, and leave out those without a value or outside from and to"),
        .checked(
            .usefulReplicas, .metric, "Useful replicas",
            """
            `usefulReplicas` in a reading is the most replicas that the source has work for, such as the partitions \
            of a Kafka topic that have messages: a whole number from 1 to 2147483647. The metric then recommends no \
            more replicas, regardless of its value. A plugin omits it if there is no such limit, or if the value is 0.
            """,
            fix: "write a whole number of at least 1, or omit usefulReplicas"),
        .checked(
            .internalErrors, .metric, "No internal errors",
            """
            The error -32603 (`internal_error`) says that the plugin itself failed. A call with a valid config is not \
            answered with it: other errors exist for failures of the source, also one that refuses connections, sends \
            nothing, or sends something else.
            """,
            fix:
                "correct the failure, which plugin-check call shows with the plugin's standard error; answer what the source "
                + "does wrong with an error such as 1003 or 1006"),
        .checked(
            .activity, .metric, "Activity",
            """
            `active` in a reading is `true` or `false` if the source itself says whether it has work. It replaces the \
            comparison of the value with `activationValue`: `true` starts the target at 0 replicas, even with the value \
            0; `false` starts nothing, and counts as idle. Above 0 replicas the value alone determines how many are \
            recommended. A plugin omits it if its source says nothing of the kind, and answers with an error if it \
            cannot learn what its source says.
            """,
            fix: "write true or false, or omit active"),
    ]

    static let concurrency: [Rule] = [
        .checked(
            .deadline, .concurrency, "Deadline",
            """
            `deadlineMs` is the time limit for the answer in milliseconds, from the moment when the request is read. \
            A plugin answers by then, at the latest with the error 1007 (`deadline_exceeded`).
            """,
            fix:
                "limit the whole wait for the source, not each read, so that it ends before deadlineMs"
        ),
        .checked(
            .inFlight, .concurrency, "Calls in flight",
            """
            A plugin that advertises `maxInFlight` N accepts N requests before it has answered the first, and \
            answers all of them.
            """,
            fix: "lower maxInFlight to what the plugin can do, or serve calls concurrently"),
        .checked(
            .cancel, .concurrency, "Cancel",
            """
            With the capability `cancel`, the notification `cancel {id}` means that the caller no longer waits for \
            that call. The plugin still answers the call once, immediately, with the error 1009 (`cancelled`) or any \
            other answer.
            """,
            fix: "stop the call's work when cancel names its id, and answer it with the error 1009"),
        .checked(
            .staysAlive, .concurrency, "Stays alive",
            """
            A plugin runs until the host ends it. No request, config or failure of its source makes it exit or stop \
            answering, and it does not daemonize: the process that the host started is the plugin.
            """,
            fix: "catch every error of a call and answer it; what it last wrote to standard error is shown"),
        .checked(
            .boundedResources, .concurrency, "Bounded resources",
            """
            Memory and open files do not grow with the number of calls. A plugin needs less than 2 GiB of memory and \
            1,024 open files.
            """,
            fix: "close what a call opens, reuse connections instead of opening one per call, and limit caches"),
    ]
}
