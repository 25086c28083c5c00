import Backtest
import CommandSupport
import Operator
import ScalerAPI
import Scaling
import TimeZones
import WireFormats

/// A GeneralScaler of a file, to be simulated.
struct SimulatedScaler {
    /// What is known of metric types beyond those of this project.
    typealias Declarations = [String: BuiltinMetricTypes.Declaration]

    var name: String
    let parsed: GeneralScalerSpec
    private let entry: ScalerFile.Entry

    var path: String { entry.path }
    /// `spec` as written.
    var json: JSON { entry.spec }

    init(path: String) throws(FileProblem) {
        entry = try ScalerFile(path: path).only()
        name = entry.name
        do throws(InvalidSpec) {
            parsed = try Self.parse(entry.spec)
        } catch {
            throw entry.problem(error)
        }
    }

    private static func parse(_ spec: JSON) throws(InvalidSpec) -> GeneralScalerSpec {
        try GeneralScalerSpec.parse(spec, unknownFields: .refused, zones: TimeZoneDirectory.system).get()
    }

    /// Returns what the engine needs to know.
    ///
    /// - Parameter changed: a spec to take in place of the written one.
    func spec(_ known: Declarations, changed: JSON? = nil) throws(FileProblem) -> ScalingSpec {
        do throws(InvalidSpec) {
            return try (try changed.map { json throws(InvalidSpec) in try Self.parse(json) } ?? parsed)
                .scalingSpec { type, config in
                    BuiltinMetricTypes.declaration(type: type, config: config) ?? known[type]
                }
        } catch {
            throw entry.problem(error)
        }
    }

    /// Returns the scalers under unique names: those of their files if their own names are equal.
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
