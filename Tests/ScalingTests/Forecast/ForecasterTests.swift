import Glibc
import TestSupport
import Testing

@testable import Scaling

@Suite("The forecast of a load")
struct ForecasterTests {
    private static func settings(historyDays: Int = 21, horizon: Int = 300) -> LoadForecaster.Settings {
        .init(
            unit: 10, headroom: 1.1, horizon: .seconds(horizon), historyDays: historyDays, quantile: 0.95,
            maxIncrease: 0.25)
    }

    /// 20 at night and 90 from 9 to 17 UTC, with a little noise.
    private static func daily(_ seconds: Int, _ random: inout SplitMix64) -> Double {
        let hour = (seconds / 3_600) % 24
        return ((9..<17).contains(hour) ? 90 : 20) * (1 + Double(random.within(-20...20)) / 1_000)
    }

    /// Feeds a load every minute, from midnight on.
    private static func run(
        _ forecaster: inout LoadForecaster, days: Int, _ load: (Int) -> Double?,
        each: (Int, LoadForecast) -> Void = { _, _ in }
    ) {
        for seconds in stride(from: 0, to: days * 86_400, by: 60) {
            guard let load = load(seconds) else { continue }
            if let forecast = forecaster.forecast(after: load, at: at(seconds)) { each(seconds, forecast) }
        }
    }

    @Test("a daily rise is expected one horizon before it comes, once the forecast has shown its skill")
    func daily() {
        var forecaster = LoadForecaster(Self.settings())
        var random = SplitMix64(seed: 5)
        var early: Double?
        var before: Double?
        Self.run(&forecaster, days: 6) {
            Self.daily($0, &random)
        } each: { seconds, forecast in
            let inDay = seconds - 5 * 86_400
            if inDay == 9 * 3_600 - 300 { early = forecast.upper }
            if inDay == 9 * 3_600 - 1_200 { before = forecast.upper }
        }
        #expect(forecaster.verdict == .open)
        #expect((forecaster.skill ?? 0) > 0.3)
        #expect((80...130).contains(early ?? 0))
        #expect((19...40).contains(before ?? 0))
    }

    @Test("the gate stays closed for noise, a random walk and a constant load", arguments: [0, 1, 2])
    func closed(kind: Int) {
        var forecaster = LoadForecaster(Self.settings())
        var random = SplitMix64(seed: 11)
        var level = 500.0
        var isEverOpen = false
        Self.run(&forecaster, days: 14) { seconds in
            guard seconds % 300 == 0 else { return level }
            switch kind {
            case 0: level = Double(random.within(100...900))
            case 1: level = min(max(level + Double(random.within(-20...20)), 100), 900)
            default: break
            }
            return level
        } each: { _, forecast in
            isEverOpen = isEverOpen || forecast.verdict.isOpen
        }
        #expect(!isEverOpen)
        guard case .noSkill = forecaster.verdict else {
            if case .tooExpensive = forecaster.verdict { return }
            Issue.record("\(forecaster.verdict)")
            return
        }
    }

    @Test("a forecast that would add more than is allowed stays closed, and the verdict says so")
    func expensive() {
        var settings = Self.settings()
        settings.maxIncrease = 0.001
        var forecaster = LoadForecaster(settings)
        var random = SplitMix64(seed: 5)
        Self.run(&forecaster, days: 6) { Self.daily($0, &random) }
        guard case .tooExpensive(let increase, 0.001) = forecaster.verdict else {
            Issue.record("\(forecaster.verdict)")
            return
        }
        #expect(increase > 0.001)
    }

    @Test("a load that is three times as high keeps its shape")
    func threeTimes() {
        var forecaster = LoadForecaster(Self.settings())
        var random = SplitMix64(seed: 7)
        var early: Double?
        Self.run(&forecaster, days: 8) {
            Self.daily($0, &random) * ($0 >= 7 * 86_400 ? 3 : 1)
        } each: { seconds, forecast in
            if seconds == 7 * 86_400 + 9 * 3_600 - 300 { early = forecast.expected }
        }
        #expect((200...320).contains(early ?? 0))
    }

    @Test("a gap of two days leaves the pattern of the days before it")
    func gap() {
        var forecaster = LoadForecaster(Self.settings())
        var random = SplitMix64(seed: 9)
        var early: Double?
        Self.run(&forecaster, days: 8) {
            (5..<7).contains($0 / 86_400) ? nil : Self.daily($0, &random)
        } each: { seconds, forecast in
            if seconds == 7 * 86_400 + 9 * 3_600 - 300 { early = forecast.upper }
        }
        #expect((75...130).contains(early ?? 0))
    }

    @Test("readings that are out of order, negative, not finite or huge are taken without harm")
    func odd() {
        var forecaster = LoadForecaster(Self.settings())
        for (offset, load) in [
            (0, 5.0), (86_400, -3), (90_000, .infinity), (90_300, .nan), (90_600, 1e300), (10, 7),
            (40 * 86_400, .greatestFiniteMagnitude), (41 * 86_400, 0), (41 * 86_400 + 300, 1e-300),
        ] {
            let forecast = forecaster.forecast(after: load, at: at(offset))
            #expect(forecast.map { $0.upper.isFinite && $0.expected >= 0 } ?? true)
        }
        #expect(forecaster.forecast(after: 1, at: at(0)) == nil)
        _ = forecaster.forecast(after: 1, at: Timestamp(microsecondsSince1970: .max))
        var ancient = LoadForecaster(Self.settings())
        _ = ancient.forecast(after: 1, at: Timestamp(microsecondsSince1970: .min))
    }

    @Test("the memory of a metric is at most 20 KiB, with the longest history and horizon")
    func size() {
        var forecaster = LoadForecaster(Self.settings(horizon: 3_600))
        var random = SplitMix64(seed: 3)
        Self.run(&forecaster, days: 3) { Self.daily($0, &random) }
        #expect(forecaster.stateBytes <= 20 << 10)
        #expect(forecaster.stateBytes > 12 << 10)
    }

    @Test("another horizon keeps what was learned, and another quantile begins again")
    func adopt() {
        var forecaster = LoadForecaster(Self.settings())
        var random = SplitMix64(seed: 5)
        Self.run(&forecaster, days: 4) { Self.daily($0, &random) }
        #expect(forecaster.verdict == .open)
        forecaster.adopt(Self.settings(horizon: 120))
        #expect(forecaster.verdict == .open)
        var other = Self.settings()
        other.quantile = 0.99
        forecaster.adopt(other)
        #expect(forecaster.verdict == .learning(hours: 0))
    }

    @Test("levels survive their two bytes to 0.05%, and buckets of an earlier round have none")
    func history() {
        var history = LoadHistory(days: 1)
        let length = Int64(LoadHistory.bucketsPerDay + LoadHistory.bucketsPerHour)
        history.record(3.217, at: -5)
        #expect(abs((history[-5] ?? 0) - 3.217) < 0.0005)
        history.record(0, at: -2)
        #expect(history[-3] == nil && history[-2] == 0 && history[-1] == nil)
        history.record(1, at: length - 5)
        #expect(history[-5] == nil && history[length - 5] != nil)
        history.record(2, at: -5)
        #expect(history[-5] == nil)
    }

    @Test("the logarithm and its inverse agree with those of the C library")
    func logarithm() {
        for number in [1e-300, 0.07, 0.5, 1, 1.000_001, 1.414_213_562, 2, 3.7, 1e12, 8.9e307] {
            let expected = Glibc.log(number)
            #expect(abs(Logarithm.log(number) - expected) <= 4e-16 * max(1, abs(expected)))
        }
        for number in [-700, -3.3, -1e-9, 0, 0.34, 0.35, 1, 27.9, 690.5] {
            #expect(abs(Logarithm.exp(number) / Glibc.exp(number) - 1) < 1e-13)
        }
    }
}
