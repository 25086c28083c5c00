import Backtest
import Glibc
import Scaling
import TestSupport

/// Loads that are made, in steps of 5 minutes from a Monday on.
enum GeneratedLoad {
    private static let start = 1_767_571_200
    private static let step = 300
    private static let stepsPerDay = 288

    /// Working days and weekends, with 3% of noise; a gap of two days, clocks that go forward, a holiday on a Wednesday, and
    /// three times the load from a day on.
    static var weekly: Trace {
        make(days: 56, seed: 7) { index, random in
            let day = index / stepsPerDay
            if (24..<26).contains(day) { return nil }
            // From this day on everything is an hour earlier in UTC.
            let local = day >= 34 ? index + stepsPerDay / 24 : index
            let hour = Double(local % stepsPerDay) / 12
            let isWeekend = (local / stepsPerDay) % 7 >= 5 || day == 37
            let scale = day >= 44 ? 9_000.0 : 3_000
            return scale * shape(hour: hour, isWeekend: isWeekend) * exp(0.03 * random.normal())
        }
    }

    static var whiteNoise: Trace {
        make(days: 28, seed: 9) { _, random in max(0, 1_000 + 200 * random.normal()) }
    }

    /// A random walk that is reflected at 200 and 2,000.
    static func walk(seed: UInt64) -> Trace {
        var level = 1_000.0
        return make(days: 28, seed: seed) { _, random in
            level += 30 * random.normal()
            if level < 200 { level = 400 - level }
            if level > 2_000 { level = 4_000 - level }
            return level
        }
    }

    /// A random walk that rises on average, and so stays at its upper bound most of the time.
    static var stuckWalk: Trace {
        var level = 1_000.0
        return make(days: 28, seed: 43) { _, random in
            level = min(max(level + 4 + 30 * random.normal(), 200), 2_000)
            return level
        }
    }

    /// Levels that hold for four hours on average.
    static var steps: Trace {
        var level = 1_000.0
        return make(days: 28, seed: 77) { _, random in
            if random.uniform() < 1.0 / 48 { level = 200 + 1_800 * random.uniform() }
            return level
        }
    }

    private static func shape(hour: Double, isWeekend: Bool) -> Double {
        func bump(_ center: Double, _ width: Double) -> Double {
            exp(-((hour - center) / width) * ((hour - center) / width))
        }
        let evening = 0.25 + 0.15 * bump(20, 3)
        if isWeekend { return evening + 0.2 * bump(14, 3) }
        return evening + ((8..<18).contains(hour) ? 0.5 : 0) + 0.35 * bump(10, 1.5) + 0.25 * bump(15, 2)
    }

    private static func make(days: Int, seed: UInt64, _ load: (Int, inout SeededRandom) -> Double?) -> Trace {
        var random = SeededRandom(seed: seed)
        var samples: [Trace.Sample] = []
        for index in 0..<days * stepsPerDay {
            guard let value = load(index, &random) else { continue }
            let time = Timestamp(microsecondsSince1970: Int64(start + index * step) * 1_000_000)
            samples.append(Trace.Sample(time: time, cells: [.value(value)]))
        }
        do {
            return try Trace(metrics: ["load"], samples: samples)
        } catch {
            preconditionFailure("\(error)")
        }
    }
}

/// Numbers that a seed determines.
struct SeededRandom {
    private var generator: SplitMix64

    init(seed: UInt64) {
        generator = SplitMix64(seed: seed)
    }

    /// From 0 to below 1.
    mutating func uniform() -> Double { Double(generator.next() >> 11) / 9_007_199_254_740_992 }

    /// Source: Box and Muller, "A Note on the Generation of Random Normal Deviates" (1958).
    mutating func normal() -> Double { (-2 * log(1 - uniform())).squareRoot() * cos(2 * .pi * uniform()) }
}
