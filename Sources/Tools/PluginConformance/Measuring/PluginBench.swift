import PluginHost
import PluginProtocol
package import WireFormats

/// A benchmark of a plugin's start and answers.
package struct PluginBench: Sendable {
    package private(set) var coldStart = LatencyHistogram()
    package private(set) var calls = LatencyHistogram()
    /// Calls with an error as their answer.
    package private(set) var errors = 0
    package private(set) var callsPerSecond = 0.0
    /// Rule violations during the run, which make the numbers meaningless.
    package private(set) var findings: [Finding] = []
    /// The reason why nothing could be measured.
    package private(set) var problem: String?

    /// - Parameters:
    ///   - starts: the number of starts of the plugin.
    ///   - calls: the number of reads.
    ///   - inFlight: the concurrency, at most what the plugin allows.
    package static func run(
        _ command: PluginCommand, options: CheckOptions, starts: Int, calls: Int, inFlight: Int
    ) throws(LaunchError) -> PluginBench {
        var bench = PluginBench()
        let context = CheckContext(command, options: options)
        defer { context.endSession() }
        do throws(Stop) {
            for _ in 0..<starts {
                let start = ContinuousClock.now
                _ = try context.firstHandshake()
                bench.coldStart.add(.now - start)
                context.endSession()
            }
            try bench.measure(context, calls: calls, inFlight: inFlight)
        } catch {
            switch error {
            case .launch(let error): throw error
            case .skip(let reason): bench.problem = context.log.mask.masked(reason)
            }
        }
        bench.findings = context.log.findings
        return bench
    }

    private mutating func measure(_ context: CheckContext, calls: Int, inFlight: Int) throws(Stop) {
        let params = try context.valueParams(context.goodConfig())
        // The first call connects and fills caches.
        _ = try context.call(.getMetricValue, params)
        let start = ContinuousClock.now
        if context.command.isOneshot {
            for _ in 0..<calls {
                let sent = ContinuousClock.now
                count(try context.call(.getMetricValue, params), since: sent)
            }
        } else {
            let session = try context.session()
            let atOnce = min(inFlight, context.handshake?.capabilities.maxInFlight ?? 1, calls)
            var open: [(id: Int64, sent: ContinuousClock.Instant)] = []
            var sent = 0
            for _ in 0..<calls {
                while open.count < atOnce, sent < calls {
                    open.append((session.send("get_metric_value", params), .now))
                    sent += 1
                }
                let next = open.removeFirst()
                let answer = session.answer(to: next.id, within: context.times.deadline)
                count(try context.reply(answer, .getMetricValue), since: next.sent)
            }
        }
        callsPerSecond = Double(calls) / ((ContinuousClock.now - start) / .seconds(1))
    }

    private mutating func count(_ reply: CheckContext.Reply, since sent: ContinuousClock.Instant) {
        calls.add(.now - sent)
        if reply.error != nil { errors += 1 }
    }
}

extension PluginBench {
    /// The text for a terminal.
    package var text: String {
        var text = "cold start    p50 \(Self.text(coldStart.percentile(0.5))), slowest \(Self.text(coldStart.slowest))"
        text += " of \(coldStart.count) starts\n"
        if calls.count > 0 {
            text += "\(calls.count) calls, \(errors) answered with an error, \(Int(callsPerSecond)) a second\n"
            for (name, part) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)] {
                text += "  \(name.padded(to: 8))\(Self.text(calls.percentile(part)))\n"
            }
            text += "  \("slowest".padded(to: 8))\(Self.text(calls.slowest))\n\n"
            let most = calls.rows.map(\.count).max() ?? 1
            for row in calls.rows {
                let bar = String(repeating: "#", count: (row.count * 50 + most - 1) / most)
                text += "  up to \(Self.text(row.upTo).padded(to: 10)) \(String(row.count).padded(to: 8)) \(bar)\n"
            }
        }
        if let problem { text += "not measured: \(problem)\n" }
        return text + findings.map { "\($0.rule.label): \($0.message)\n" }.joined()
    }

    /// The machine-readable results.
    package var json: JSON {
        func milliseconds(_ duration: Duration) -> JSON { .number(duration / .milliseconds(1)) }
        func times(_ histogram: LatencyHistogram) -> JSON {
            [
                "count": .integer(Int64(histogram.count)),
                "p50Ms": milliseconds(histogram.percentile(0.5)), "p99Ms": milliseconds(histogram.percentile(0.99)),
                "p999Ms": milliseconds(histogram.percentile(0.999)), "slowestMs": milliseconds(histogram.slowest),
                "histogram": .array(
                    histogram.rows.map { ["upToMs": milliseconds($0.upTo), "count": .integer(Int64($0.count))] }),
            ]
        }
        return [
            "coldStart": times(coldStart), "calls": times(calls), "errors": .integer(Int64(errors)),
            "callsPerSecond": .number(callsPerSecond), "problem": problem.map { .string($0) } ?? .null,
            "findings": .array(findings.map { ["rule": .string($0.rule.label), "message": .string($0.message)] }),
        ]
    }

    private static func text(_ duration: Duration) -> String {
        let microseconds = duration / .microseconds(1)
        return microseconds < 10_000
            ? "\(Int(microseconds.rounded())) us" : "\((microseconds / 100).rounded() / 10) ms"
    }
}
