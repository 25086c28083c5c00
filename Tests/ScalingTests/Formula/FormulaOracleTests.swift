import Foundation
import Subprocess
import Testing

@testable import Scaling

/// Holds formulas to an evaluator in another language that shares nothing with this one: `formula_oracle.py`.
@Suite("Random formulas")
struct FormulaOracleTests {
    private static let batchSize = 5_000
    /// Batches under way at one time.
    private static let width = 2

    /// As many as `make formulas` asks for.
    private static let count =
        ProcessInfo.processInfo.environment["GENERALSCALER_FORMULAS"].flatMap { Int($0) } ?? 10_000

    @Test("random formulas have the result of an independent evaluator, or are refused if it refuses them")
    func agreement() async throws {
        let batches = (Self.count + Self.batchSize - 1) / Self.batchSize
        try await withThrowingTaskGroup(of: [String].self) { group in
            var (next, compared, failures) = (0, 0, [String]())
            while next < min(Self.width, batches) {
                group.addTask { [next] in try await Self.disagreements(seed: next) }
                next += 1
            }
            while let found = try await group.next() {
                compared += Self.batchSize
                failures += found
                guard next < batches, failures.isEmpty else { continue }
                group.addTask { [next] in try await Self.disagreements(seed: next) }
                next += 1
            }
            #expect(failures.isEmpty, "\(failures.prefix(5).joined(separator: "\n"))")
            #expect(compared >= Self.count || !failures.isEmpty)
        }
    }

    private static func disagreements(seed: Int) async throws -> [String] {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "formula_oracle.py").path
        let result = try await run(
            .name("python3"), arguments: [script, "\(seed)", "\(batchSize)"], output: .string(limit: 64 << 20),
            error: .string(limit: 1 << 16))
        guard result.terminationStatus.isSuccess else { return ["the oracle failed: \(result.standardError)"] }
        let lines = result.standardOutput.split(separator: "\n", omittingEmptySubsequences: true)
        guard lines.count == batchSize else { return ["the oracle wrote \(lines.count) lines"] }
        return lines.compactMap { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count == 3 else { return "no case: \(line)" }
            let found = outcome(String(fields[0]), readings(fields[1]))
            return found.isSame(as: Outcome(fields[2])) ? nil : "\(line) but is \(found)"
        }
    }

    private enum Outcome {
        case invalid(String)
        case observation(MetricObservation)

        init(_ text: Substring) {
            self = text == "invalid" ? .invalid("") : .observation(FormulaOracleTests.observation(text))
        }

        func isSame(as other: Outcome) -> Bool {
            switch (self, other) {
            case (.invalid, .invalid), (.observation(.noData), .observation(.noData)),
                (.observation(.failed), .observation(.failed)):
                true
            case (.observation(let left), .observation(let right)): left == right
            default: false
            }
        }
    }

    private static func outcome(_ text: String, _ readings: [String: MetricObservation]) -> Outcome {
        do throws(FormulaError) {
            let now = Timestamp(microsecondsSince1970: 1_000_000_007)
            return .observation(try Formula(parsing: text).evaluate(readings, now: now).observation)
        } catch {
            return .invalid(error.description)
        }
    }

    private static func readings(_ field: Substring) -> [String: MetricObservation] {
        let readings = field.split(separator: " ").map { entry in
            let parts = entry.split(separator: "=", maxSplits: 1)
            return (String(parts[0]), observation(parts[1]))
        }
        return Dictionary(readings) { $1 }
    }

    private static func observation(_ text: Substring) -> MetricObservation {
        if text == "nodata" { return .noData("") }
        if text == "failed" { return .failed("") }
        let isAssumed = text.hasPrefix("assumed:")
        let parts = text.dropFirst(isAssumed ? "assumed:".count : 0).split(separator: "@")
        guard parts.count == 2, let value = Double(parts[0]), let microseconds = Int64(parts[1]) else {
            return .failed("no reading: \(text)")
        }
        let time = Timestamp(microsecondsSince1970: microseconds)
        return isAssumed ? .assumed(value, observedAt: time) : .value(value, observedAt: time)
    }
}
