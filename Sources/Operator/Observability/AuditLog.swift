package import ScalerAPI
package import Scaling
import WireFormats

/// Writes a JSON line for each decision that changes replicas or has new limits.
package struct AuditLog: Sendable {
    private let identity: String
    private let write: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - identity: the operator process that decided.
    ///   - write: receives one complete line, including the newline.
    package init(identity: String, write: @escaping @Sendable ([UInt8]) -> Void) {
        self.identity = identity
        self.write = write
    }

    package func record(_ decision: Decision, of scaler: ObjectIdentity, target: TargetReference) {
        var writer = JSONWriter()
        writer.value([
            "audit": "decision", "namespace": .string(scaler.namespace), "name": .string(scaler.name),
            "target": .string(target.description), "operator": .string(identity), "decision": decision.json,
        ])
        writer.newline()
        write(writer.bytes)
    }
}
