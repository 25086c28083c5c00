import Backtest
import WireFormats

extension FuzzTarget {
    static let traceCSV = FuzzTarget("trace-csv") { (input) throws(FuzzFinding) in
        try check { () throws(TraceError) in
            try Trace(bytes: input, isJSON: false, zone: TraceZone(offset: "+01:00"))
        }
    }

    static let traceJSON = FuzzTarget("trace-json") { (input) throws(FuzzFinding) in
        guard let json = try? JSON(parsing: input) else { return }
        try check { () throws(TraceError) in try Trace(json: json) }
    }

    private static func check(_ read: () throws(TraceError) -> Trace) throws(FuzzFinding) {
        switch Result(catching: read) {
        case .failure(let error): _ = error.description
        case .success(let trace):
            try require(trace.samples.count > 1 && trace.start < trace.end, "the trace covers no time")
            try require(trace.step > .zero, "the step is \(trace.step)")
            for sample in trace.samples {
                try require(sample.cells.count == trace.metrics.count, "a sample has \(sample.cells.count) cells")
            }
        }
    }
}
