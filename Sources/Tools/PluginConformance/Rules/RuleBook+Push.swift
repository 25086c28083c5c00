extension RuleBook {
    static let push: [Rule] = [
        .checked(
            .subscribe, .push, "Subscribe",
            """
            With the capability `subscribe`, `subscribe {type, config, targetType, deadlineMs}` is answered with `{}` \
            once the source has agreed to report changes, or with an error. The error is 1010 (`cannot_subscribe`) if \
            the source cannot report changes for this config, and 1001 if `validate_config` rejects the config.
            """,
            fix: "answer like a call for a value, with 1010 if the source cannot push"),
        .checked(
            .pushedReading, .push, "A pushed reading",
            """
            From that answer on, the notification `reading {subscription, value, unit?, observedAt, detail?, \
            assumed?, usefulReplicas?, active?}` carries what `get_metric_value` would have answered at that moment: \
            first the present value, then the value after each change. `subscription` is the id of the request \
            `subscribe`. P-34, P-35, P-68 and P-70 apply. Errors and missing values are not pushed.
            """,
            fix: "compare the params with docs/reference/schemas/reading-params.json, and send one at once"),
        .checked(
            .onlySubscribed, .push, "Only for subscriptions",
            """
            A plugin sends no `reading` with an id whose `subscribe` was not answered with `{}`, and none after the \
            answer to its `unsubscribe`.
            """,
            fix: "keep a set of subscribed ids, and check it before every push"),
        .checked(
            .unsubscribe, .push, "Unsubscribe",
            """
            With the capability `subscribe`, `unsubscribe {subscription}` is answered with `{}`, even if nothing is \
            subscribed under that id.
            """,
            fix: "answer {} for every id"),
        .checked(
            .pushRate, .push, "Rate limit",
            """
            A plugin sends at most 20 readings per second for one subscription, and 2,000 for all. If values change \
            faster, it sends the newest ones.
            """,
            fix: "keep the newest value of each subscription, and send it no sooner than 50 ms after the last"),
        .unchecked(
            .subscriptionEnds, .push, "The end of a subscription",
            """
            A plugin that can no longer report changes, for example because its source is unavailable, sends \
            `subscription_ended {subscription, message}`, and nothing more with that id. The host resubscribes.
            """, because: "a check would need a source that becomes unavailable"),
        .unchecked(
            .hostPushes, .push, "Handling by the host",
            """
            The host keeps polling: a push only makes a reading available earlier, and the next poll makes up for a \
            lost push. It subscribes to at most 16,384 configs. It resubscribes after each start and swap and, with a \
            delay of 1 s doubling to 5 min, after an error or the end of a subscription. It passes on the newest \
            reading of each subscription at most every 50 ms; it counts and drops readings that exceed the rate, break \
            a rule or have an unknown id.
            """, because: "it applies to the host, and is covered by the host's tests"),
    ]
}
