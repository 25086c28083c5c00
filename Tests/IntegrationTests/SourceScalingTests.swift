import KubernetesClient
import TestSupport
import Testing
import WireFormats

/// Scaling from zero on the backlog of a server, and back when it is empty: with the real operator and plugin, on a simulated
/// API server.
@Suite("Scaling on queues and databases", .serialized, .timeLimit(.minutes(5)))
struct SourceScalingTests {
    /// A backlog of 7 makes 4 replicas.
    private static let target: JSON = 2
    private static let backlog = 7

    /// Runs an operator with one metric, fills the source, and empties it.
    private static func scale(
        _ type: String, _ config: JSON, fill: @escaping @Sendable () async throws -> Void,
        empty: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await TestCluster.runSimulated { cluster, _ in
            try await cluster.createWorkload("web", replicas: 0)
            try await cluster.createScaler(
                "web",
                [
                    "minReplicas": 0, "maxReplicas": 10,
                    "safety": [
                        "cooldownSeconds": 1, "scaleDownStabilizationSeconds": 0, "maxScaleUpRate": 10,
                        "maxScaleDownRate": 10,
                    ],
                    "metrics": [["type": .string(type), "config": config, "targetValue": target]],
                ])
            try await TestOperator.run(on: cluster) { running in
                func wait(replicas: Int) async throws {
                    try await cluster.wait(for: .deployment, cluster.key("web")) {
                        $0["spec"]?["replicas"]?.intValue == replicas
                    }
                }
                try await cluster.condition("Ready", "True", "Scaling", of: "web")
                #expect(try await cluster.replicas(of: "web") == 0)
                try await fill()
                try await wait(replicas: 4)
                try await empty()
                try await wait(replicas: 0)
            }
        }
    }

    @Test("messages in a RabbitMQ queue scale a Deployment from 0 to 4 and back")
    func rabbitMQ() async throws {
        try await RabbitMQServer.run { server in
            try await server.declare()
            let config: JSON = [
                "url": .string("\(server.address)/api/queues/%2F/orders"), "jsonPath": "$.messages",
                "auth": ["basic": ["username": "guest", "password": "guest"]],
            ]
            try await Self.scale("http", config) {
                try await server.publish(Self.backlog)
            } empty: {
                try await server.purge()
            }
        }
    }

    @Test("pending messages of a NATS JetStream consumer scale a Deployment from 0 to 4 and back")
    func nats() async throws {
        try await NATSServer.run { server in
            try await server.tell("create")
            let config: JSON = [
                "url": .string("\(server.address)/jsz?consumers=true"),
                "jsonPath":
                    "$.account_details[*].stream_detail[*].consumer_detail[*]['num_pending', 'num_ack_pending']",
                "aggregation": "sum",
            ]
            try await Self.scale("http", config) {
                try await server.tell("send:\(Self.backlog)", "take:2")
            } empty: {
                try await server.tell("purge")
            }
        }
    }

    @Test("messages in an SQS queue scale a Deployment from 0 to 4 and back")
    func sqs() async throws {
        try await MotoServer.run { server in
            try await server.queue("create")
            let request: JSON = [
                "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/orders",
                "AttributeNames": ["ApproximateNumberOfMessages"],
            ]
            let config: JSON = [
                "method": "POST", "url": .string("\(server.address)/"), "body": .string("\(request)"),
                "headers": [
                    "X-Amz-Target": "AmazonSQS.GetQueueAttributes", "Content-Type": "application/x-amz-json-1.0",
                ], "jsonPath": "$.Attributes.ApproximateNumberOfMessages",
                "auth": [
                    "sigv4": [
                        "region": "eu-west-1", "service": "sqs", "accessKeyID": "AKIAIOSFODNN7EXAMPLE",
                        "secretAccessKey": "canary",
                    ]
                ],
            ]
            try await Self.scale("http", config) {
                try await server.queue("send", "\(Self.backlog)")
            } empty: {
                try await server.queue("purge")
            }
        }
    }

    @Test("rows in a PostgreSQL table scale a Deployment from 0 to 4 and back")
    func postgresql() async throws {
        let setup = [
            "CREATE ROLE scaler LOGIN PASSWORD 'canary-word'", "CREATE TABLE jobs (id int)",
            "GRANT SELECT ON jobs TO scaler",
        ]
        try await PostgresServer.run(.init(setup: setup)) { server in
            let config: JSON = [
                "address": .string(server.address), "database": "postgres", "username": "scaler",
                "password": "canary-word", "query": "SELECT count(*) FROM jobs",
            ]
            try await Self.scale("postgresql", config) {
                try await server.sql("INSERT INTO jobs SELECT generate_series(1, \(Self.backlog))")
            } empty: {
                try await server.sql("DELETE FROM jobs")
            }
        }
    }

    @Test("messages that a Kafka consumer group has not committed scale a Deployment from 0 to 4 and back")
    func kafka() async throws {
        try await KafkaMock.run { mock in
            try await mock.tell("topic orders 2", "commit shop orders 0 0", "commit shop orders 1 0")
            let config: JSON = [
                "brokers": .array(mock.brokers.map(JSON.string)), "group": "shop", "topics": ["orders"],
            ]
            try await Self.scale("kafka", config) {
                try await mock.tell("produce orders 0 3", "produce orders 1 4")
            } empty: {
                try await mock.tell("commit shop orders 0 3", "commit shop orders 1 4")
            }
        }
    }
}
