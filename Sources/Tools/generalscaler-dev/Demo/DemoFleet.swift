import CommandSupport
import FoundationEssentials
import KubernetesClient
import Logging
import ServiceLifecycle
import Synchronization
import WireFormats

/// Replaces a kubelet: runs as many instances of a sample app as its Deployment has replicas, and lists their addresses
/// for Prometheus.
final class DemoFleet: Service {
    private struct Instance {
        let number: Int
        var address: String?
        var task: Task<Void, Never>?
    }

    private let name: String
    private let arguments: [String]
    private let environment: @Sendable (_ number: Int) -> [String: String]
    private let targetsFile: String?
    private let changes: AsyncStream<Int>
    private let changesInput: AsyncStream<Int>.Continuation
    private let instances = Mutex<[Instance]>([])

    /// - Parameters:
    ///   - name: the name of the program and the Deployment.
    ///   - environment: the variables of an instance.
    ///   - targetsFile: the file with the instances' addresses; nil if they have none.
    init(
        name: String, arguments: [String] = [], targetsFile: String? = nil,
        environment: @escaping @Sendable (_ number: Int) -> [String: String] = { _ in [:] }
    ) {
        self.name = name
        self.arguments = arguments
        self.environment = environment
        self.targetsFile = targetsFile
        (changes, changesInput) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Watches the Deployment.
    func informer(_ client: KubernetesClient, logger: Logger) -> Informer<Int> {
        Informer(
            client: client,
            kind: .demoDeployment,
            scope: .namespaces([DemoPlan.namespace]),
            reader: ObjectReader(ObjectFields(["spec": ["replicas"]])),
            logger: logger,
            decode: { $0["spec"]?["replicas"]?.intValue ?? 1 },
            handle: { [changesInput, name] event in
                switch event {
                case .added(let key, let replicas) where key.name == name: changesInput.yield(replicas)
                case .updated(let key, _, let replicas) where key.name == name: changesInput.yield(replicas)
                case .added, .updated, .deleted, .malformed, .synced: break
                }
            }
        )
    }

    /// The addresses of the running instances.
    var addresses: [String] { instances.withLock { $0.compactMap(\.address) } }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                var number = 0
                for await wanted in self.changes {
                    while self.instances.withLock(\.count) < wanted {
                        number += 1
                        self.start(number, in: &group)
                    }
                    while self.instances.withLock(\.count) > wanted { self.stopNewest() }
                }
                group.cancelAll()
                for task in self.instances.withLock({ $0.map(\.task) }) { task?.cancel() }
            }
        }
    }

    private func start(_ number: Int, in group: inout DiscardingTaskGroup) {
        let process = ChildProcess(
            program: "\(ProgramDirectory.path)/\(name)", arguments: arguments, environment: environment(number)
        ) { [self] line in
            guard targetsFile != nil, let port = line.split(separator: " ").last.flatMap({ Int($0) }) else { return }
            setAddress("127.0.0.1:\(port)", of: number)
        }
        // Awaited by the group's child below; stored so that one instance can be stopped.
        let task = Task { _ = try? await process.run() }
        instances.withLock { $0.append(Instance(number: number, task: task)) }
        group.addTask {
            await withTaskCancellationHandler {
                await task.value
            } onCancel: {
                task.cancel()
            }
        }
    }

    private func stopNewest() {
        instances.withLock { $0.popLast() }?.task?.cancel()
        listTargets()
    }

    private func setAddress(_ address: String, of number: Int) {
        instances.withLock { instances in
            guard let index = instances.firstIndex(where: { $0.number == number && $0.address == nil }) else { return }
            instances[index].address = address
        }
        listTargets()
    }

    /// Writes the targets file. Prometheus reads it again when it changes; the rename keeps it complete at every
    /// moment.
    private func listTargets() {
        guard let targetsFile else { return }
        let targets: JSON = [["targets": .array(addresses.map { .string($0) })]]
        try? Data(targets.encoded()).write(to: URL(filePath: targetsFile), options: .atomic)
    }
}
