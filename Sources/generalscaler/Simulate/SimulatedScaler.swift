import Backtest
import Operator
import Scaling
import WireFormats

/// A GeneralScaler of a file, ready for the engine.
struct SimulatedScaler {
    var name: String
    let path: String
    /// `spec` as written.
    let json: JSON
    let spec: ScalingSpec

    init(path: String) throws(FileProblem) {
        let entry = try ScalerFile(path: path).only()
        self.path = path
        name = entry.name
        json = entry.spec
        do throws(InvalidSpec) {
            spec = try Self.scalingSpec(entry.spec)
        } catch {
            throw FileProblem(path: path, message: error.problems.map(entry.described).joined(separator: "\n"))
        }
    }

    /// The same of a spec that was changed after it was read.
    static func spec(_ json: JSON, path: String) throws(FileProblem) -> ScalingSpec {
        do throws(InvalidSpec) {
            return try scalingSpec(json)
        } catch {
            throw FileProblem(path: path, message: error.description)
        }
    }

    private static func scalingSpec(_ json: JSON) throws(InvalidSpec) -> ScalingSpec {
        try GeneralScalerSpec.parse(json, unknownFields: .refused).get().scalingSpec { type, config in
            BuiltinMetricTypes.declaration(type: type, config: config)
        }
    }

    /// The scalers under names that tell them apart: those of their files where their own are alike.
    static func distinguished(_ scalers: [SimulatedScaler]) -> [SimulatedScaler] {
        guard Set(scalers.map(\.name)).count < scalers.count else { return scalers }
        let files = scalers.map { String($0.path.split(separator: "/").last ?? "") }
        let names = Set(files).count < files.count ? scalers.map(\.path) : files
        return zip(scalers, names).map { scaler, name in
            var renamed = scaler
            renamed.name = name
            return renamed
        }
    }
}

/// A file with a trace.
enum TraceFile {
    static func read(_ path: String) throws -> Trace {
        let text = try FileText.read(path, maxBytes: SimulateCommand.maxTraceBytes)
        do {
            return try path.hasSuffix(".json") ? Trace(json: JSON(parsing: text)) : Trace(csv: text)
        } catch let error as TraceError {
            throw FileProblem(path: path, message: error.description)
        } catch let error as JSONSyntaxError {
            throw FileProblem(path: path, message: "is not JSON: \(error)")
        }
    }
}
