import Backtest
import CommandSupport
import KubernetesClient
import Operator
import ScalerAPI
import Scaling
import TimeZones
import WireFormats

/// A GeneralScaler from a file, to be simulated.
struct SimulatedScaler {
    /// Declarations of metric types other than the built-in ones.
    typealias Declarations = [String: BuiltinMetricTypes.Declaration]

    var name: String
    let parsed: GeneralScalerSpec
    private let entry: ScalerFile.Entry
    /// Replaces the mode of `spec.forecast`; nil to keep it.
    private var forecastMode: ForecastSpec.Mode?

    var path: String { entry.path }
    /// The `spec` as written in the file.
    var json: JSON { entry.spec }
    /// The namespace is the one in the file, or the default.
    var key: ObjectKey {
        ObjectKey(
            namespace: entry.json["metadata"]?["namespace"]?.stringValue ?? "default", name: entry.name)
    }
    /// What is filled into configs of its metrics.
    var filled: FilledScaler { FilledScaler(entry.json) }
    /// The namespace and name, by which options name the scaler.
    var fullName: String { key.description }
    var labels: [String: String] {
        (entry.json["metadata"]?["labels"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
    }
    /// The `spec` without the configs of metrics, which a report need not show and which may have credentials.
    var shownSpec: JSON {
        guard var spec = json.objectValue else { return .null }
        if let metrics = spec["metrics"]?.arrayValue {
            spec["metrics"] = .array(
                metrics.map { metric in .object((metric.objectValue ?? [:]).filter { $0.key != "config" }) })
        }
        return .object(spec)
    }

    init(path: String) throws(FileProblem) { try self.init(ScalerFile(path: path)) }

    init(_ file: ScalerFile) throws(FileProblem) { try self.init(file.only()) }

    init(_ entry: ScalerFile.Entry) throws(FileProblem) {
        self.entry = entry
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

    /// Returns the spec for the engine.
    ///
    /// - Parameter changed: a spec to use in place of the one in the file.
    func spec(_ known: Declarations, changed: JSON? = nil) throws(FileProblem) -> ScalingSpec {
        do throws(InvalidSpec) {
            var spec = try (try changed.map { json throws(InvalidSpec) in try Self.parse(json) } ?? parsed)
                .scalingSpec { type, config in
                    BuiltinMetricTypes.declaration(type: type, config: config) ?? known[type]
                }
            if let forecastMode {
                var forecast = spec.forecast ?? ForecastSpec(mode: forecastMode)
                forecast.mode = forecastMode
                spec.forecast = forecast
            }
            return spec
        } catch {
            throw entry.problem(error)
        }
    }

    /// Returns the scaler with each of the modes of forecasts in turn, or itself without modes.
    func variants(_ modes: [ForecastSpec.Mode]) -> [SimulatedScaler] {
        guard !modes.isEmpty else { return [self] }
        return modes.map { mode in
            var variant = self
            variant.forecastMode = mode
            if modes.count > 1 { variant.name = "\(name), forecast \(mode.rawValue)" }
            return variant
        }
    }

    /// Returns the scalers with unique names: file names are used if their own names are equal.
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
