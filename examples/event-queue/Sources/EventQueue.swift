import FoundationEssentials
import Glibc
import HTTPTransport
import Synchronization

/// Pulls messages from a Pub/Sub subscription, processes them, and acknowledges each batch.
@main
struct EventQueue {
    static func main() async throws {
        let settings = Settings(ProcessInfo.processInfo.environment)
        let stop = stopOnSignal()
        try await CurlHTTPClient.withClient { client in try await work(settings, client, until: stop) }
    }

    private static func work(
        _ settings: Settings, _ client: any HTTPClient, until stop: () -> Bool
    ) async throws {
        let subscription = Subscription(settings, client: client)
        var failures = 0
        while !stop() {
            do {
                let messages = try await subscription.pull()
                for message in messages {
                    work(message, settings)
                    print("done: \(message.id)")
                }
                fflush(nil)
                // Pub/Sub delivers unacknowledged messages again, for example after a crash of this process.
                try await subscription.acknowledge(messages)
                failures = 0
            } catch {
                failures += 1
                let line = Array("event-queue: \(error)\n".utf8)
                _ = write(STDERR_FILENO, line, line.count)
                try await Task.sleep(for: min(settings.longestWait, .milliseconds(250 << min(failures, 10))))
            }
        }
    }

    /// A placeholder for real work.
    private static func work(_ message: Subscription.Message, _ settings: Settings) {
        usleep(settings.workMilliseconds * 1_000)
    }

    /// Handles SIGTERM, which Kubernetes sends before stopping a pod: the current batch is finished first.
    private static func stopOnSignal() -> () -> Bool {
        _ = isStopping.load(ordering: .relaxed)
        for number in [SIGTERM, SIGINT] { signal(number) { _ in isStopping.store(true, ordering: .relaxed) } }
        return { isStopping.load(ordering: .relaxed) }
    }
}

private let isStopping = Atomic(false)

struct Settings {
    let project: String
    let subscription: String
    /// The emulator's address: `host:port`.
    let emulator: String?
    let workMilliseconds: UInt32
    /// The maximum delay between two attempts while Pub/Sub is unreachable.
    let longestWait: Duration = .seconds(30)

    init(_ environment: [String: String]) {
        project = Self.required("PROJECT", environment)
        subscription = Self.required("SUBSCRIPTION", environment)
        emulator = environment["PUBSUB_EMULATOR_HOST"].flatMap { $0.isEmpty ? nil : $0 }
        workMilliseconds = environment["WORK_MILLISECONDS"].flatMap(UInt32.init) ?? 200
    }

    private static func required(_ name: String, _ environment: [String: String]) -> String {
        if let value = environment[name], !value.isEmpty { return value }
        let line = Array("event-queue: set \(name) in the environment\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        exit(2)
    }
}
