import KubernetesClient
import Logging
import ServiceLifecycle
import WireFormats

/// Shows the news of a trial as a table, as they come.
final class TrialDisplay: Service {
    /// News that are kept if they come faster than they are shown.
    private static let maxWaiting = 256

    private let news: AsyncStream<TrialTable.News>
    private let input: AsyncStream<TrialTable.News>.Continuation

    private let target: Double

    init(target: Double) {
        self.target = target
        (news, input) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(Self.maxWaiting))
    }

    func take(_ news: TrialTable.News) { input.yield(news) }

    /// What watches the Deployment and the GeneralScaler.
    func informers(_ client: KubernetesClient, logger: Logger) -> [any Service] {
        [
            informer(.demoDeployment, client, logger) { deployment in
                .replicas(
                    wanted: deployment["spec"]?["replicas"]?.intValue ?? 1,
                    ready: deployment["status"]?["readyReplicas"]?.intValue ?? 0)
            },
            informer(.demoScaler, client, logger) { scaler in
                .status(
                    reason: scaler["status"]?["reason"]?.stringValue, problem: DemoApp.problem(scaler["status"]))
            },
        ]
    }

    private func informer(
        _ kind: ResourceKind, _ client: KubernetesClient, _ logger: Logger,
        _ decode: @escaping @Sendable (JSON) -> TrialTable.News
    ) -> Informer<TrialTable.News> {
        Informer(
            client: client, kind: kind, scope: .namespaces([DemoPlan.namespace]), logger: logger, decode: decode
        ) { [input] event in
            switch event {
            case .added(_, let news), .updated(_, _, let news): input.yield(news)
            case .deleted, .malformed, .synced: break
            }
        }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            let start = ContinuousClock.now
            var table = TrialTable(target: self.target)
            var live = LiveTable(header: [TrialTable.header])
            for await news in self.news {
                let seconds = Int(start.duration(to: .now) / .seconds(1))
                if let row = table.take(news, at: seconds) { live.add(row) }
            }
        }
    }
}
