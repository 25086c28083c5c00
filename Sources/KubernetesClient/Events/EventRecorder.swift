package import Logging
import ServiceLifecycle
import Synchronization
import SystemIO
import WireFormats

/// Writes Events (events.k8s.io/v1) in the background. Recording never waits and never fails: events that cannot be
/// sent are dropped and counted.
package final class EventRecorder: Service {
    private struct Queued: Sendable {
        let event: ObjectEvent
        let time: Int64
    }

    private enum Entry: Sendable {
        case event(Queued)
        case gone(ObjectReference)
    }

    private let client: KubernetesClient
    private let controller: String
    private let instance: String
    private let logger: Logger
    private let queue: AsyncStream<Entry>
    private let input: AsyncStream<Entry>.Continuation
    private let dropped = Atomic<Int>(0)

    /// - Parameters:
    ///   - controller: `reportingController`, such as `generalscaler.example.com/operator`.
    ///   - instance: `reportingInstance`, such as the pod's name.
    package init(client: KubernetesClient, controller: String, instance: String, logger: Logger) {
        self.client = client
        self.controller = controller
        self.instance = instance
        self.logger = logger
        (queue, input) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(KubernetesLimits.eventQueue))
    }

    /// The number of dropped events: the queue was full, or the server refused them.
    package var droppedCount: Int { dropped.load(ordering: .relaxed) }

    package func record(_ event: ObjectEvent) {
        let queued = Queued(event: event, time: client.time.wallMicroseconds())
        guard case .enqueued = input.yield(.event(queued)) else { return drop() }
    }

    /// Drops the state of an object. Call this after its deletion. Events already recorded are sent.
    package func forget(_ object: ObjectReference) { input.yield(.gone(object)) }

    /// Sends events until cancelled or shut down; at shutdown, queued events are sent for at most
    /// ``KubernetesLimits/eventFlush``. Call this once.
    package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var aggregator = EventAggregator()
                for await entry in self.queue {
                    switch entry {
                    case .event(let queued): await self.handle(queued, &aggregator)
                    case .gone(let object): aggregator.forget(object)
                    }
                }
            }
            group.addTask {
                guard (try? await gracefulShutdown()) != nil else { return }
                self.input.finish()
                try? await self.client.time.sleep(KubernetesLimits.eventFlush)
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func drop() { dropped.wrappingAdd(1, ordering: .relaxed) }

    private func handle(_ queued: Queued, _ aggregator: inout EventAggregator) async {
        do throws(KubernetesError) {
            let action = aggregator.add(queued.event, at: queued.time)
            do throws(KubernetesError) {
                try await send(action, queued)
            } catch {
                guard error.kind == .notFound, case .countUp = action else { throw error }
                // The server deletes Events after an hour; this starts a new one.
                aggregator.forget(queued.event)
                try await send(aggregator.add(queued.event, at: queued.time), queued)
            }
        } catch {
            aggregator.forget(queued.event)
            drop()
            logger.warning(
                "failed to record event",
                metadata: [
                    "error": "\(error)", "reason": "\(queued.event.reason)", "object": "\(queued.event.regarding.key)",
                ])
        }
    }

    /// Sends the event, with retries if the error may be temporary.
    private func send(_ action: EventAggregator.Action, _ queued: Queued) async throws(KubernetesError) {
        var attempt = 0
        while true {
            do throws(KubernetesError) {
                return try await sendOnce(action, queued)
            } catch {
                attempt += 1
                switch error.kind {
                // An earlier attempt was successful, but its response was lost.
                case .alreadyExists where attempt > 1: return
                case .timeout, .unreachable, .serverError, .tooManyRequests:
                    guard attempt < KubernetesLimits.eventAttempts else { throw error }
                default: throw error
                }
                let delay = KubernetesLimits.eventBackoff.delay(attempt: attempt - 1, random: client.random())
                guard (try? await client.time.sleep(delay)) != nil else { throw error }
            }
        }
    }

    private func sendOnce(_ action: EventAggregator.Action, _ queued: Queued) async throws(KubernetesError) {
        // Events of objects without a namespace live in "default".
        let namespace = queued.event.regarding.key.namespace.isEmpty ? "default" : queued.event.regarding.key.namespace
        switch action {
        case .create(let name):
            _ = try await client.create(.event, in: namespace, json(queued, name: name, namespace: namespace))
        case .countUp(let name, let count, let lastObserved):
            let series: JSON = ["count": .integer(Int64(count)), "lastObservedTime": .microTime(lastObserved)]
            _ = try await client.mergePatch(
                .event, ObjectKey(namespace: namespace, name: name), ["series": series])
        case .hold:
            return
        case .drop:
            drop()
        }
    }

    private func json(_ queued: Queued, name: String, namespace: String) -> JSON {
        let event = queued.event
        return [
            "apiVersion": .string(ResourceKind.event.apiVersion),
            "kind": .string(ResourceKind.event.kind),
            "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "eventTime": .microTime(queued.time),
            "reportingController": .string(controller),
            "reportingInstance": .string(instance),
            "regarding": event.regarding.json,
            "type": .string(event.severity.rawValue),
            "reason": .string(event.reason),
            "action": .string(event.action),
            "note": .string(event.note),
        ]
    }
}
