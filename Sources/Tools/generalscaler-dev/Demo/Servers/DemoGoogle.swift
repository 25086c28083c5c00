import CryptoExtras
import Hummingbird
import Logging
import Operator
import ScalerAPI
import Scaling
import ServiceLifecycle
import SystemIO
import WireFormats

/// Simulates three Google services: Pub/Sub for the app, and the token endpoint and Cloud Monitoring for the plugin,
/// with points without delay.
struct DemoGoogle: Service {
    static let project = "demo"
    static let subscription = "events"
    private static let token = "a-token-of-the-demo"
    private static let pointAge: Duration = .seconds(-1)
    private static let maxBodyBytes = 1 << 20

    let messages: DemoMessages
    let logger: Logger
    let port = AsyncPromise<Int>()

    /// Returns the key of a service account in Google's format, generated for this demo and discarded with it.
    static func serviceAccountKey() throws -> JSON {
        [
            "type": "service_account", "client_email": "scaler@demo.iam.gserviceaccount.com",
            "private_key": .string(try _RSA.Signing.PrivateKey(keySize: .bits2048).pemRepresentation),
        ]
    }

    func run() async throws {
        let router = Router()
        router.post("token") { _, _ in
            Self.answer(["access_token": .string(Self.token), "expires_in": 3_600, "token_type": "Bearer"])
        }
        router.get("v3/projects/:project/timeSeries") { [messages] request, _ in
            guard request.headers[.authorization] == "Bearer \(Self.token)" else {
                return Response(status: .unauthorized)
            }
            return Self.answer(Self.timeSeries(messages.unacknowledged))
        }
        router.post("v1/projects/:project/subscriptions/:call") { [messages] request, context in
            let body = try await request.body.collect(upTo: Self.maxBodyBytes)
            let json = try JSON(parsing: Array(body.readableBytesView))
            if context.parameters.get("call") == "\(Self.subscription):pull" {
                return Self.answer(try await Self.pull(json["maxMessages"]?.intValue ?? 1, messages))
            }
            messages.acknowledge((json["ackIds"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap { Int($0) } })
            return Self.answer([:])
        }
        var logger = logger
        logger.logLevel = .critical
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { [port] channel in port.fulfill(.success(channel.localAddress?.port ?? 0)) },
            logger: logger)
        try await application.runService(gracefulShutdownSignals: [])
    }

    /// Returns messages. Waits briefly if there are none; the real Pub/Sub waits longer.
    private static func pull(_ count: Int, _ messages: DemoMessages) async throws -> JSON {
        var pulled = messages.pull(count)
        if pulled.isEmpty {
            try await Task.sleep(for: .milliseconds(500))
            pulled = messages.pull(count)
        }
        return [
            "receivedMessages": .array(
                pulled.map { ["ackId": .string("\($0)"), "message": ["messageId": .string("\($0)")]] })
        ]
    }

    private static func timeSeries(_ count: Int) -> JSON {
        // A point later than the request's time is ignored.
        let time = TimeSource.system.now() + pointAge
        let now = JSON.string(RFC3339.text(microseconds: time.microsecondsSince1970))
        return [
            "timeSeries": [
                [
                    "metric": ["type": "pubsub.googleapis.com/subscription/num_undelivered_messages"],
                    "resource": ["type": "pubsub_subscription", "labels": ["subscription_id": .string(subscription)]],
                    "metricKind": "GAUGE", "valueType": "INT64",
                    "points": [
                        [
                            "interval": ["startTime": now, "endTime": now],
                            "value": ["int64Value": .string("\(count)")],
                        ]
                    ],
                ]
            ]
        ]
    }

    private static func answer(_ json: JSON) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: json.encoded())))
    }
}
