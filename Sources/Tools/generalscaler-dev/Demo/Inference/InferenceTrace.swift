import Backtest
import Scaling
import WireFormats

/// The requests over time that drive the demo, from a trace of requests and their tokens.
struct InferenceTrace: Sendable {
    /// The rate of each part of the trace, as a share of the highest.
    private let heights: [Double]
    /// The length of a request in each part, relative to the mean.
    private let lengths: [Double]

    /// The trace is played in this many parts, so that a demo of a minute or two shows its shape.
    static let parts = 120
    private static let requests = "requests"
    private static let tokens = ["contextTokens", "generatedTokens"]
    private static let lengthBounds = 0.5...2.0

    /// - Throws: ``TraceError`` if the trace has no column `requests`, or no requests.
    init(_ trace: Trace) throws(TraceError) {
        guard let column = trace.metrics.firstIndex(of: Self.requests) else {
            throw TraceError("has no column requests")
        }
        let tokenColumns = Self.tokens.compactMap { trace.metrics.firstIndex(of: $0) }
        var sums = [(requests: Double, tokens: Double, samples: Int)](repeating: (0, 0, 0), count: Self.parts)
        for sample in trace.samples {
            guard let requests = sample.cells[column].number else { continue }
            let share = (sample.time - trace.start) / (trace.end - trace.start)
            let part = min(Self.parts - 1, Int(share * Double(Self.parts)))
            sums[part].requests += max(0, requests)
            sums[part].tokens += tokenColumns.reduce(0) { $0 + max(0, sample.cells[$1].number ?? 0) }
            sums[part].samples += 1
        }
        // A part without samples is like the one before: its requests are unknown, and not none.
        var rates: [Double] = []
        for sum in sums { rates.append(sum.samples > 0 ? sum.requests / Double(sum.samples) : rates.last ?? 0) }
        guard let highest = rates.max(), highest > 0 else { throw TraceError("has no requests") }
        heights = rates.map { $0 / highest }
        let all = sums.reduce((requests: 0.0, tokens: 0.0)) { ($0.requests + $1.requests, $0.tokens + $1.tokens) }
        lengths = sums.map { sum in
            guard sum.requests > 0, all.tokens > 0 else { return 1 }
            let length = sum.tokens / sum.requests / (all.tokens / all.requests)
            return min(max(length, Self.lengthBounds.lowerBound), Self.lengthBounds.upperBound)
        }
    }

    /// The trace of examples/llm-inference.
    static func example() throws(TraceError) -> InferenceTrace {
        try InferenceTrace(Trace(bytes: PackageResources.llm_requests_csv))
    }

    /// Returns the rate as a share of the highest, and the length of a request.
    ///
    /// - Parameter share: the share of the trace that has passed. There are no requests before it and after it.
    func state(at share: Double) -> (height: Double, length: Double) {
        guard (0..<1).contains(share) else { return (0, 1) }
        let part = min(Self.parts - 1, Int(share * Double(Self.parts)))
        return (heights[part], lengths[part])
    }
}

extension Trace.Cell {
    fileprivate var number: Double? {
        if case .value(let value) = self { value } else { nil }
    }
}
