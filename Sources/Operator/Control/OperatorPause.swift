import KubernetesClient
import Logging
import ScalerAPI
import ServiceLifecycle
import Synchronization
import WireFormats

/// The operator-wide pause: a ConfigMap whose `data` contains `paused: "true"`. It is watched, so that a change takes
/// effect at each scaler's next poll, without a restart.
///
/// A missing ConfigMap pauses nothing. An unreadable one pauses everything, because its content is unknown.
final class OperatorPause: Service {
    static let field = "paused"

    private static let kind = ResourceKind(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps")

    private let key: ObjectKey
    private let informer: Informer<Bool>

    init(_ key: ObjectKey, client: KubernetesClient, logger: Logger) {
        self.key = key
        informer = Informer(
            client: client, kind: Self.kind, scope: .namespaces([key.namespace]),
            selection: Selection(fields: "metadata.name=\(key.name)"),
            reader: ObjectReader(ObjectFields(["data": [Self.field]])), logger: logger,
            decodeOversized: { _ in true },
            decode: { $0["data"]?[Self.field]?.stringValue == "true" },
            handle: { _ in })
    }

    func run() async throws { try await informer.run() }

    /// The reason why nothing may be patched now; nil if the operator is not paused.
    var reason: String? {
        guard informer.hasSynced else {
            return "ConfigMap \(key), which may pause the operator, has not been read yet"
        }
        guard informer[key] == true else { return nil }
        return "the whole operator is paused: set \(Self.field) to \"false\" in ConfigMap \(key) to resume"
    }
}
