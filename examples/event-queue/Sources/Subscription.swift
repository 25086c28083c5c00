import HTTPTransport
import WireFormats

/// A subscription with Pub/Sub's REST API, real or emulated.
///
/// Source: https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions/pull
final class Subscription {
    struct Message {
        let id: String
        let acknowledgement: String
    }

    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    private static let maxMessages = 10
    /// Pub/Sub answers a pull before this, without messages if there are none.
    private static let timeout: Duration = .seconds(100)

    private let url: String
    private let tokens: MetadataToken?
    private let client: any HTTPClient

    init(_ settings: Settings, client: any HTTPClient) {
        let host = settings.emulator.map { "http://\($0)" } ?? "https://pubsub.googleapis.com"
        url = "\(host)/v1/projects/\(settings.project)/subscriptions/\(settings.subscription)"
        // The emulator has no authentication.
        tokens = settings.emulator == nil ? MetadataToken(client: client) : nil
        self.client = client
    }

    func pull() async throws -> [Message] {
        let answer = try await post("pull", ["maxMessages": .integer(Int64(Self.maxMessages))])
        return (answer["receivedMessages"]?.arrayValue ?? []).compactMap { received in
            guard let acknowledgement = received["ackId"]?.stringValue else { return nil }
            return Message(
                id: received["message"]?["messageId"]?.stringValue ?? "?", acknowledgement: acknowledgement)
        }
    }

    func acknowledge(_ messages: [Message]) async throws {
        if messages.isEmpty { return }
        _ = try await post("acknowledge", ["ackIds": .array(messages.map { .string($0.acknowledgement) })])
    }

    private func post(_ verb: String, _ body: JSON) async throws -> JSON {
        var headers = [HTTPHeader("Content-Type", "application/json")]
        if let token = try await tokens?.current() { headers.append(HTTPHeader("Authorization", "Bearer \(token)")) }
        let response = try await client.send(
            HTTPRequest(
                method: "POST", url: "\(url):\(verb)", headers: headers, body: body.encoded(), timeout: Self.timeout))
        guard response.status == 200 else {
            let text = String(decoding: response.body.prefix(300), as: UTF8.self)
            throw Fault(description: "\(verb): HTTP status \(response.status): \(text)")
        }
        return try JSON(parsing: response.body)
    }
}

/// Access tokens of the workload's service account from Google's metadata server.
private final class MetadataToken {
    private static let renewalMargin: Duration = .seconds(240)
    private static let url =
        "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"

    private let client: any HTTPClient
    private var known: (token: String, renewAt: ContinuousClock.Instant)?

    init(client: any HTTPClient) {
        self.client = client
    }

    func current() async throws -> String {
        if let known, .now < known.renewAt { return known.token }
        let response = try await client.send(
            HTTPRequest(
                url: Self.url, headers: [HTTPHeader("Metadata-Flavor", "Google")], timeout: .seconds(5)))
        let answer = try JSON(parsing: response.body)
        guard response.status == 200, let token = answer["access_token"]?.stringValue,
            let seconds = answer["expires_in"]?.intValue
        else { throw Subscription.Fault(description: "the metadata server gives no token: status \(response.status)") }
        known = (token, .now + .seconds(seconds) - Self.renewalMargin)
        return token
    }
}
