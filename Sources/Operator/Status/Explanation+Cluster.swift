package import KubernetesClient
package import ScalerAPI
package import Scaling
import TimeZones
import WireFormats

extension Explanation {
    /// Reads the object and its events.
    package static func read(
        _ key: ObjectKey, _ client: KubernetesClient, now: Timestamp
    ) async throws(KubernetesError) -> Explanation {
        let object = try await client.get(.generalScaler, key)
        var events: [JSON] = []
        let own = Selection(fields: "regarding.kind=\(GeneralScaler.kind),regarding.name=\(key.name)")
        try await client.eachPage(of: .event, in: key.namespace, own) { page throws(KubernetesError) in events += page }
        do throws(JSONPathError) {
            return try Explanation(object: object, events: events, now: now, zones: TimeZoneDirectory.system)
        } catch {
            throw KubernetesError(.malformedAnswer, "GeneralScaler \(key) is malformed: \(error)")
        }
    }
}
