import WireFormats

/// Converts triggers of the type `predictkube` to a metric and the scaler's forecast.
enum PredictKubeTriggers {
    static let rules = TriggerRules(
        types: ["predictkube"], metricType: "prometheus",
        fields: [
            .text("prometheusAddress", to: "address"), .text("query", to: "query"), .target("threshold"),
            .activation("activationThreshold"), horizon, history,
            .ignored("queryStep", "forecasts use means of 5 minutes"), site, .metricName,
            .ignored("apiKey", "no API key is needed: the operator computes the forecast, and sends the load nowhere"),
        ] + PrometheusTriggers.credentials,
        finish: finish)

    private static let site = FieldRule.ignored("predictKubeSite", "no service is needed")

    static let horizonField = "predictHorizon"
    static let historyField = "historyTimeWindow"

    private static let horizon = FieldRule([horizonField]) { trigger, value in
        guard let seconds = seconds(value) else {
            return .notConvertible(
                nearest: "set `spec.forecast.horizonSeconds`, or leave it out: then the time until a new replica is "
                    + "ready is measured")
        }
        trigger.forecast = trigger.forecast ?? ForecastRequest(trigger)
        trigger.forecast?.horizonSeconds = seconds
        return .converted(to: ForecastConversion.horizonPlace)
    }

    private static let history = FieldRule([historyField]) { trigger, value in
        guard let seconds = seconds(value) else {
            return .notConvertible(nearest: "set `spec.forecast.historyDays`, 1 to 21; without it, 21 are used")
        }
        trigger.forecast = trigger.forecast ?? ForecastRequest(trigger)
        trigger.forecast?.historySeconds = seconds
        return .converted(to: ForecastConversion.historyPlace)
    }

    private static func seconds(_ value: ParameterValue) -> Double? {
        value.text.flatMap { Quantity.seconds($0, withDays: true) }.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
    }

    private static func finish(_ trigger: TriggerConversion) {
        trigger.forecast = trigger.forecast ?? ForecastRequest(trigger)
        Credentials.finish(trigger)
        if trigger.identity != nil { trigger.markIdentity(.different(to: "", meaning: "predictkube does not use it")) }
    }
}
