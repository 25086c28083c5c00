/// All types of triggers that have a source here.
enum TriggerCatalog {
    static let rules: [TriggerRules] = [
        PrometheusTriggers.rules, RedisTriggers.lists, RedisTriggers.streams, KafkaTriggers.rules, PubSubTriggers.rules,
        PostgresTriggers.rules, RabbitMQTriggers.rules, AWSTriggers.queue, AWSTriggers.cloudWatch,
        MetricsAPITriggers.rules, NATSTriggers.rules, DatadogTriggers.rules, InfluxTriggers.rules,
        ElasticsearchTriggers.rules, KubernetesTriggers.resources, KubernetesTriggers.workload,
        ExternalTriggers.rules, PredictKubeTriggers.rules,
    ]

    static func rules(_ type: String) -> TriggerRules? { rules.first { $0.types.contains(type) } }
}
