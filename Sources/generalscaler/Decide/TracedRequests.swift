import Backtest
import Operator
import ScalerAPI
import Scaling
import TimeZones
import WireFormats

/// Completes requests for decisions with the readings of a trace.
struct TracedRequests {
    let trace: Trace
    /// The name of the trace in messages.
    let path: String

    /// Returns the request with what it omits: `now` is the end of the trace, and the readings and `replicas.current` are
    /// those of the trace at `now`. An invalid request is returned as it is.
    ///
    /// - Throws: ``InvalidSpec`` if the trace does not have a metric without a reading.
    func completed(_ request: JSON) throws(InvalidSpec) -> JSON {
        guard case .object(var members) = request, let spec = parsed(members["spec"]) else { return request }
        let time = members["now"] ?? .string(trace.end.rfc3339(.microseconds))
        guard let now = time.stringValue.flatMap({ Timestamp(rfc3339: $0) }) else { return request }
        members["now"] = time
        let names = spec.metrics.map(\.name)
        let moment: Trace.Moment
        do throws(TraceError) {
            moment = try trace.moment(now, of: names)
        } catch {
            throw InvalidSpec(problems: [JSONPathError(path: "readings", message: "\(path) \(error)")])
        }
        let given = members["readings"] ?? []
        guard let readings = given.arrayValue else { return .object(members) }
        let known = Set(readings.compactMap { $0["name"]?.stringValue })
        members["readings"] = .array(
            readings
                + zip(names, moment.readings).filter { !known.contains($0.0) }.map { $0.1.reading(of: $0.0) })
        if let replicas = moment.replicas { members["replicas"] = members["replicas"].completed(replicas) }
        return .object(members)
    }

    private func parsed(_ spec: JSON?) -> GeneralScalerSpec? {
        spec.flatMap {
            try? GeneralScalerSpec.parse($0, unknownFields: .refused, zones: TimeZoneDirectory.system).get()
        }
    }
}

extension MetricObservation {
    /// The form of a reading in a request.
    fileprivate func reading(of name: String) -> JSON {
        switch self {
        case .value(let value, let time):
            ["name": .string(name), "value": .number(value), "observedAt": .string(time.rfc3339(.microseconds))]
        case .assumed(let value, let time):
            [
                "name": .string(name), "value": .number(value), "assumed": true,
                "observedAt": .string(time.rfc3339(.microseconds)),
            ]
        case .noData(let reason): ["name": .string(name), "noData": .string(reason)]
        case .failed(let reason): ["name": .string(name), "error": .string(reason)]
        }
    }
}

extension JSON? {
    /// Returns the `replicas` of a request with the recorded number if it has none.
    fileprivate func completed(_ recorded: Int) -> JSON? {
        guard let given = self else { return ["current": .integer(Int64(recorded))] }
        guard case .object(var members) = given, members["current"] == nil else { return given }
        members["current"] = .integer(Int64(recorded))
        return .object(members)
    }
}
