/// A value of the spec that a schedule sets for now.
package struct ScheduledValue: Sendable, Hashable {
    package enum Field: Sendable, Hashable {
        case minReplicas
        case maxReplicas
        /// By the name of the metric.
        case target(String)

        package var isTarget: Bool {
            if case .target = self { true } else { false }
        }

        /// As in `spec.schedules[]`.
        package var path: String {
            switch self {
            case .minReplicas: "minReplicas"
            case .maxReplicas: "maxReplicas"
            case .target(let metric): "targets.\(metric)"
            }
        }
    }

    package var field: Field
    package var value: Double
    /// Name of the schedule.
    package var schedule: String
    package var timeZone: String
    /// When another value holds.
    package var until: Timestamp
    /// ``until`` by the clocks of the zone: with the date if that is another than the one on which the window began.
    package var untilText: String

    /// For the decision's sentence.
    package var sentence: String {
        let what =
            switch field {
            case .minReplicas, .maxReplicas: "\(field.path) is \(Int(value))"
            case .target(let metric): "the target of \(metric) is \(value.shortText)"
            }
        return "\(what) until \(untilText) \(timeZone), by schedule \(schedule)"
    }
}

extension Schedule {
    /// Every field that it sets.
    fileprivate var values: [(field: ScheduledValue.Field, value: Double)] {
        var values: [(field: ScheduledValue.Field, value: Double)] = []
        if let minReplicas { values.append((.minReplicas, Double(minReplicas))) }
        if let maxReplicas { values.append((.maxReplicas, Double(maxReplicas))) }
        for (metric, target) in targets.sorted(by: { $0.key < $1.key }) { values.append((.target(metric), target)) }
        return values
    }

    fileprivate func sets(_ field: ScheduledValue.Field) -> Bool {
        switch field {
        case .minReplicas: minReplicas != nil
        case .maxReplicas: maxReplicas != nil
        case .target(let metric): targets[metric] != nil
        }
    }

    fileprivate func scheduled(
        _ field: ScheduledValue.Field, _ value: Double, in window: Window, until: Timestamp
    ) -> ScheduledValue {
        let (date, time) = zone.local(until.secondsSince1970)
        let isSameDate = zone.local(window.start.secondsSince1970).date == date
        return ScheduledValue(
            field: field, value: value, schedule: name, timeZone: zone.name, until: until,
            untilText: isSameDate ? time : "\(date) \(time)")
    }
}

extension [Schedule] {
    /// What they set for now: of each field, the value of the first schedule in the list that is active and sets it.
    package func values(at now: Timestamp) -> [ScheduledValue] {
        var values: [ScheduledValue] = []
        for (index, schedule) in enumerated() {
            guard let window = schedule.window(at: now) else { continue }
            for (field, value) in schedule.values where !values.contains(where: { $0.field == field }) {
                // An earlier one that sets the field too takes over when it begins.
                let successors = self[..<index].filter { $0.sets(field) }.compactMap { $0.nextStart(after: now) }
                let until = successors.reduce(window.end, Swift.min)
                values.append(schedule.scheduled(field, value, in: window, until: until))
            }
        }
        return values
    }

    /// When a schedule next begins or ends to be active.
    package func nextEdge(after now: Timestamp) -> Timestamp? { compactMap { $0.nextEdge(after: now) }.min() }

    /// The least and the most replicas as they set them for now. Where they contradict each other, the least counts: a
    /// contradiction removes no replicas.
    package func bounds(_ bounds: ClosedRange<Int>, at now: Timestamp) -> ClosedRange<Int> {
        isEmpty ? bounds : values(at: now).bounds(bounds)
    }
}

extension [ScheduledValue] {
    package subscript(field: ScheduledValue.Field) -> ScheduledValue? { first { $0.field == field } }

    func bounds(_ bounds: ClosedRange<Int>) -> ClosedRange<Int> {
        let least = self[.minReplicas].map { Int($0.value) } ?? bounds.lowerBound
        let most = self[.maxReplicas].map { Int($0.value) } ?? bounds.upperBound
        return least...Swift.max(least, most)
    }
}

extension ScalingSpec {
    var bounds: ClosedRange<Int> { minReplicas...maxReplicas }

    /// What holds now: the spec with the values of its schedules and without the schedules themselves, and these values.
    package func effective(at now: Timestamp) -> (spec: ScalingSpec, values: [ScheduledValue]) {
        guard !schedules.isEmpty else { return (self, []) }
        let values = schedules.values(at: now)
        var spec = self
        spec.schedules = []
        let bounds = values.bounds(self.bounds)
        (spec.minReplicas, spec.maxReplicas) = (bounds.lowerBound, bounds.upperBound)
        for index in spec.metrics.indices {
            if let target = values[.target(spec.metrics[index].name)] { spec.metrics[index].target = target.value }
        }
        return (spec, values)
    }
}
