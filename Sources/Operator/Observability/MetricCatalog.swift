import ScalerAPI

// MARK: The operator

extension MetricFamily {
    static let buildInfo = MetricFamily("build_info", .gauge, labels: ["version"], "The operator's version; always 1.")
    static let leader = MetricFamily(
        "leader", .gauge, labels: ["lease"],
        "Whether this replica is the leader: 1, or 0 for a standby. The label is the NAMESPACE/NAME of the Lease that the "
            + "installation's replicas share; empty without one.")
    static let crdMissing = MetricFamily(
        "crd_missing", .gauge,
        "Whether the API server has no resource generalscalers, because its CustomResourceDefinition was deleted: 1 or 0."
    )
    static let queueDepth = MetricFamily(
        "queue_depth", .gauge, "Polls that are due or running: at most one per scaler.")
    static let pollDuration = MetricFamily(
        "poll_duration_seconds", .histogram, "Time from the start of a poll of a scaler to its last write.")
    static let decisions = MetricFamily("decisions_total", .counter, "Decisions made.")
    static let scalings = MetricFamily(
        "scalings_total", .counter, labels: ["direction"], "Replica changes that the API server accepted, up or down.")
    static let blockedPolls = MetricFamily(
        "blocked_polls_total", .counter, labels: ["reason"], "Failed polls, by reason.")
    static let apiRequests = MetricFamily(
        "api_requests_total", .counter, labels: ["verb", "code"],
        "Requests to the API server; the code is none if there was no response.")
    static let sourceDuration = MetricFamily(
        "source_duration_seconds", .histogram, labels: ["type"],
        "Duration of reads of a metric type, including failed ones.")
    static let sourceErrors = MetricFamily(
        "source_errors_total", .counter, labels: ["type", "reason"],
        "Failed metric reads, by metric type and reason.")

    static let pushedReadings = MetricFamily(
        "pushed_readings_total", .counter, labels: ["type", "outcome"],
        "Readings that plugins pushed: used, or dropped because they were older than the last one, or from the future."
    )
    static let pushedPolls = MetricFamily(
        "pushed_polls_total", .counter, "Polls started early by a pushed reading.")

    static let ofOperator = [
        buildInfo, leader, crdMissing, queueDepth, pollDuration, decisions, scalings, blockedPolls, apiRequests,
        sourceDuration,
        sourceErrors, pushedReadings, pushedPolls,
    ]
}

// MARK: The process

extension MetricFamily {
    private static func standard(_ name: String, _ kind: Kind, _ help: String) -> MetricFamily {
        MetricFamily(prefix: "process_", name, kind, help)
    }

    static let processCPU = standard(
        "cpu_seconds_total", .counter, "Total user and system CPU time spent in seconds, without the plugins'.")
    static let processResident = standard("resident_memory_bytes", .gauge, "Resident memory size in bytes.")
    static let processVirtual = standard("virtual_memory_bytes", .gauge, "Virtual memory size in bytes.")
    static let processOpenDescriptors = standard("open_fds", .gauge, "Number of open file descriptors.")
    static let processMaxDescriptors = standard("max_fds", .gauge, "Maximum number of open file descriptors.")
    static let processStart = standard(
        "start_time_seconds", .gauge, "Start time of the process since unix epoch in seconds.")

    static let ofProcess = [
        processCPU, processResident, processVirtual, processOpenDescriptors, processMaxDescriptors, processStart,
    ]
}

// MARK: The webhook

extension MetricFamily {
    static let webhookReviews = MetricFamily(
        "webhook_reviews_total", .counter, labels: ["verdict"],
        "Reviews of GeneralScalers by outcome: allowed, warned (and allowed), denied, or failed (no verdict)."
    )
    static let webhookReviewDuration = MetricFamily(
        "webhook_review_duration_seconds", .histogram, "Time from the first byte of a review to its answer.")
    static let webhookCertificateExpiry = MetricFamily(
        "webhook_certificate_expiry_timestamp_seconds", .gauge,
        "Expiry time of the webhook's serving certificate, in seconds since 1970; absent without one.")
    static let webhookCertificateErrors = MetricFamily(
        "webhook_certificate_errors_total", .counter,
        "Failed attempts to read, renew or publish the webhook certificate; retried every minute.")

    static let ofWebhook = [
        webhookReviews, webhookReviewDuration, webhookCertificateExpiry, webhookCertificateErrors,
    ]
}

// MARK: Plugins

extension MetricFamily {
    private static func ofPlugin(_ name: String, _ kind: Kind, labels: [String] = [], _ help: String) -> MetricFamily {
        MetricFamily("plugin_" + name, kind, labels: ["plugin"] + labels, help)
    }

    static let pluginUp = ofPlugin(
        "up", .gauge,
        "1 if the plugin is up (its handshake is complete) or stopped because no scaler uses it; otherwise 0.")
    static let pluginState = ofPlugin(
        "state", .gauge, labels: ["state"], "1 for the current state of the plugin's process, 0 for the others.")
    static let pluginAnswer = ofPlugin(
        "answer_seconds", .summary, labels: ["quantile"],
        "Response time of the plugin: quantiles of its last thousand answers.")
    static let pluginRestarts = ofPlugin(
        "restarts_total", .counter, "Restarts of the plugin after an unexpected end.")
    static let pluginSwaps = ofPlugin(
        "swaps_total", .counter, "New versions of the plugin that took over while it ran.")
    static let pluginInFlight = ofPlugin("in_flight", .gauge, "Calls that the plugin has not answered yet.")
    static let pluginWaiting = ofPlugin("waiting", .gauge, "Calls queued for the plugin.")
    static let pluginAnswers = ofPlugin(
        "answers_total", .counter, "Answers delivered to their caller, including errors.")
    static let pluginMissedDeadlines = ofPlugin("missed_deadlines_total", .counter, "Calls not answered in time.")
    static let pluginLateAnswers = ofPlugin(
        "late_answers_total", .counter, "Answers that came after the call's deadline or cancellation.")
    static let pluginDuplicateAnswers = ofPlugin("duplicate_answers_total", .counter, "Repeated answers to a call.")
    static let pluginUnknownAnswers = ofPlugin("unknown_answers_total", .counter, "Answers with an unknown call ID.")
    static let pluginSubscriptions = ofPlugin(
        "subscriptions", .gauge, "Configs whose readings the plugin pushes.")
    static let pluginPushes = ofPlugin(
        "pushes_total", .counter, labels: ["outcome"],
        "Readings that the plugin pushed: passed on, coalesced into a newer one, or dropped as excess, unknown or invalid."
    )
    static let pluginRejectedLines = ofPlugin(
        "rejected_lines_total", .counter, "Lines that are not a protocol message.")

    static let ofPlugins = [
        pluginUp, pluginState, pluginAnswer, pluginRestarts, pluginSwaps, pluginInFlight, pluginWaiting, pluginAnswers,
        pluginMissedDeadlines, pluginLateAnswers, pluginDuplicateAnswers, pluginUnknownAnswers, pluginRejectedLines,
        pluginSubscriptions, pluginPushes,
    ]
}

// MARK: Scalers

extension MetricFamily {
    private static func ofScaler(_ name: String, _ kind: Kind, labels: [String] = [], _ help: String) -> MetricFamily {
        MetricFamily(name, kind, labels: ["namespace", "name"] + labels, help)
    }

    static let scalers = MetricFamily(
        "scalers", .gauge, "GeneralScaler objects that this replica manages; 0 for a standby.")
    static let hiddenScalers = MetricFamily(
        "hidden_scalers", .gauge, "Scalers without their own series, because there are too many.")
    static let scalerReady = ofScaler("scaler_ready", .gauge, "Whether the scaler's condition Ready is True.")
    static let minReplicas = ofScaler(
        "min_replicas", .gauge, "The scaler's minReplicas, or that of its schedule; absent for an invalid spec.")
    static let maxReplicas = ofScaler(
        "max_replicas", .gauge, "The scaler's maxReplicas, or that of its schedule; absent for an invalid spec.")
    static let scalerErrors = ofScaler(
        "scaler_errors_total", .counter, labels: ["reason"],
        "Failed polls of the scaler: no decision was made or applied.")
    static let scalerCurrent = ofScaler(
        "scaler_current_replicas", .gauge, "Replicas that the target was set to at the last decision.")
    static let scalerReadyReplicas = ofScaler(
        "scaler_ready_replicas", .gauge, "Replicas of the target that were ready at the last decision.")
    static let scalerRecommended = ofScaler(
        "scaler_recommended_replicas", .gauge, "Replicas that the policy recommended at the last decision.")
    static let scalerDesired = ofScaler(
        "scaler_desired_replicas", .gauge, "Replicas after every limit, at the last decision.")
    static let scalerLimited = ofScaler(
        "scaler_limited", .gauge, labels: ["cause"],
        "1 for each entry of limitedBy of the last decision; absent while no decision can be made.")
    static let metricUp = ofScaler(
        "metric_up", .gauge, labels: ["metric"], "Whether the metric had a value at the last decision.")
    static let metricValue = ofScaler(
        "metric_value", .gauge, labels: ["metric"], "Value at the last decision; absent without one.")
    static let metricTarget = ofScaler("metric_target", .gauge, labels: ["metric"], "Target of the metric.")
    static let forecastValue = ofScaler(
        "forecast_value", .gauge, labels: ["metric"],
        "Upper bound of the load at the horizon, by the forecast of the last decision; absent without one.")
    static let forecastSkill = ofScaler(
        "forecast_skill", .gauge, labels: ["metric"],
        "Reduction of the forecast's loss relative to the best simple rule, as a share; absent until it is known.")
    static let forecastActive = ofScaler(
        "forecast_active", .gauge, labels: ["metric"],
        "Whether the forecast may add replicas: 1, or 0, also with mode Report; absent without a forecast.")

    static let forecastInactiveSince = ofScaler(
        "forecast_inactive_since_timestamp_seconds", .gauge,
        "Time since which no forecast of the scaler may add replicas, in seconds since 1970, also across restarts; absent while one may, and without forecasts."
    )

    static let ofScalers = [
        scalers, hiddenScalers, scalerReady, minReplicas, maxReplicas, scalerErrors, scalerCurrent, scalerReadyReplicas,
        scalerRecommended,
        scalerDesired, scalerLimited, metricUp, metricValue, metricTarget,
        forecastValue, forecastSkill, forecastActive, forecastInactiveSince,
    ]
}

// MARK: Budgets

extension MetricFamily {
    static let budgetLimit = ofBudget(
        "budget_limit", "Current limit of the ScalingBudget, in its unit; for the unit cost, per hour.")
    static let budgetUsed = ofBudget("budget_used", "Amount that the members of the budget use, in its unit.")
    static let budgetDenied = ofBudget(
        "budget_denied_replicas", "Replicas that members ask for and the budget denies.")

    static let ofBudgets = [budgetLimit, budgetUsed, budgetDenied]

    private static func ofBudget(_ name: String, _ help: String) -> MetricFamily {
        MetricFamily(name, .gauge, labels: ["budget", "unit"], help)
    }
}
