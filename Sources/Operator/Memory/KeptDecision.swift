import ScalerAPI
import Scaling
import WireFormats

/// A change of a scaler, as it is kept: a decision, or the reason why there is none.
struct KeptDecision: Sendable {
    /// Increases with each change of any scaler.
    let number: Int
    let time: Timestamp
    let scaler: ObjectIdentity
    /// The JSON object for readers.
    let json: [UInt8]

    /// The bytes that it occupies.
    var bytes: Int { MemoryLayout<KeptDecision>.stride + json.count + Self.overhead }

    /// The allocation of ``json``.
    private static let overhead = 48

    init(number: Int, time: Timestamp, scaler: ObjectIdentity, verdict: ScalerVerdict) {
        self.number = number
        self.time = time
        self.scaler = scaler
        var record: [String: JSON] = [
            "number": .integer(Int64(number)), "time": .string(time.rfc3339()),
            "namespace": .string(scaler.namespace), "name": .string(scaler.name),
        ]
        switch verdict {
        case .blocked(let blocker):
            record["obstacle"] = .string(blocker.reason.rawValue)
            record["reason"] = .string(blocker.message)
        case .decided(let decision, let obstacle):
            record["current"] = .integer(Int64(decision.current))
            record["recommended"] = .integer(Int64(decision.recommended))
            record["desired"] = .integer(Int64(decision.desired))
            record["limitedBy"] = .array(decision.limitedBy.map { .string($0.rawValue) })
            record["reason"] = .string(decision.reason)
            if let obstacle {
                record["obstacle"] = .string(obstacle.reason.rawValue)
                record["reason"] = .string(obstacle.message)
            }
        }
        json = JSON.object(record).encoded()
    }
}
