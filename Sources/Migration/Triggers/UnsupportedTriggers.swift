/// Types of triggers without a source here, with the nearest way.
enum UnsupportedTriggers {
    private static let plugin = "a new plugin: docs/tutorials/first-plugin.md"
    private static let exporter = "an exporter for Prometheus, and the type `prometheus`"
    private static let http =
        "the type `http`, with the HTTP API of the server: docs/reference/plugins/recipes/README.md"
    private static let cloudMonitoring =
        "the type `prometheus` with the PromQL API of Cloud Monitoring, and `auth.googleMetadata`"
    private static let azure = "an exporter for Azure Monitor metrics, and the type `prometheus`"

    private static let ways: [String: String] = [
        "activemq": http, "arangodb": plugin, "artemis-queue": http, "aws-dynamodb": plugin,
        "aws-dynamodb-streams": plugin,
        "aws-kinesis-stream": "`aws-cloudwatch` metrics of the stream, with the type `http`",
        "azure-app-insights": azure, "azure-blob": azure, "azure-data-explorer": azure, "azure-eventhub": azure,
        "azure-log-analytics": azure, "azure-monitor": azure, "azure-pipelines": http, "azure-queue": azure,
        "azure-servicebus": azure, "beanstalkd": exporter, "cassandra": plugin, "couchdb": http, "dynatrace": http,
        "etcd": http, "forgejo-runner": http, "gcp-cloudtasks": cloudMonitoring, "gcp-stackdriver": cloudMonitoring,
        "gcp-storage": cloudMonitoring,
        "github-runner": "the type `http`: docs/reference/plugins/recipes/github-actions.md",
        "graphite": http, "huawei-cloudeye": plugin, "ibmmq": http, "liiklus": plugin, "loki": http,
        "mongodb": exporter, "mssql": exporter, "mysql": exporter, "new-relic": http, "nsq": http,
        "openstack-metric": plugin, "openstack-swift": plugin, "pulsar": http, "selenium-grid": http,
        "solace-event-queue": http, "solarwinds": http, "solr": http, "splunk": http, "splunk-observability": http,
        "stan": http, "sumologic": http, "temporal": exporter,
    ]

    static func nearest(_ type: String) -> String {
        ways[type] ?? "\(http), or \(plugin)"
    }
}
