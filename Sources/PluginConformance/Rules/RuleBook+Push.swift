extension RuleBook {
    static let push: [Rule] = [
        .checked(
            .subscribe, .push, "Subscribe",
            """
            With the capability `subscribe`, `subscribe {type, config, targetType, deadlineMs}` is answered with `{}` once \
            the source has agreed to tell of changes, or with an error. Where it never tells of changes to this, that is \
            the error 1010 (`cannot_subscribe`). Of a config that `validate_config` refuses it is 1001.
            """,
            fix: "answer as a call for a value is answered, and with 1010 where the source pushes nothing"),
        .checked(
            .pushedReading, .push, "A pushed reading",
            """
            From that answer on, the notification `reading {subscription, value, unit?, observedAt, detail?, assumed?}` \
            tells what `get_metric_value` would have answered at that moment: at first what the value is, then what it is \
            after each change. `subscription` is the id of the request `subscribe`. P-34 and P-35 hold. What is no \
            reading is not pushed.
            """,
            fix: "compare the params with docs/reference/schemas/reading-params.json, and send one at once"),
        .checked(
            .onlySubscribed, .push, "Only what is subscribed",
            """
            No `reading` comes under an id to which `subscribe` was not answered with `{}`, and none after the answer to \
            its `unsubscribe`.
            """,
            fix: "keep the ids that are subscribed, and look there before every push"),
        .checked(
            .unsubscribe, .push, "Unsubscribe",
            """
            With the capability `subscribe`, `unsubscribe {subscription}` is answered with `{}`, also where nothing is \
            subscribed under that id.
            """,
            fix: "answer {} for every id"),
        .checked(
            .pushRate, .push, "Not too many",
            """
            Of one subscription at most 20 readings come in any second, of all together at most 2,000. Of values that \
            change faster, the newest are pushed.
            """,
            fix: "keep the newest value of each subscription, and send it no sooner than 50 ms after the last"),
        .unchecked(
            .subscriptionEnds, .push, "The end of a subscription",
            """
            A plugin that can no longer tell of changes, because its source is away say, sends \
            `subscription_ended {subscription, message}`, and nothing more under that id. It need not come back by \
            itself: the host subscribes again.
            """, because: "it takes a source that goes away"),
        .unchecked(
            .hostPushes, .push, "What the host does with it",
            """
            The host goes on polling: a push comes early, and one that is lost is found. It subscribes to at most 16,384 \
            configs, anew after each start and swap, and after an error or an end again within 1 s doubling to 5 min. It \
            passes on the newest reading of each subscription at most every 50 ms; it counts and drops what is too much, \
            breaks a rule or has an unknown id.
            """, because: "it binds the host, which the project's own tests hold to it"),
    ]
}
