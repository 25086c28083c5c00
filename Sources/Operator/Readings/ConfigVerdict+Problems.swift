package import PluginHost
import PluginProtocol
import ScalerAPI
package import WireFormats

extension ConfigVerdict {
    /// Returns the verdict's problems with a metric, by their path in the object.
    ///
    /// - Parameter metric: the metric's path, such as `spec.metrics[0]`.
    package func problems(metric path: String) -> [JSONPathError] {
        switch self {
        case .valid: []
        case .invalid(let problems):
            problems.map { problem in
                let place = problem.path.isEmpty ? "config" : "config.\(problem.path)"
                return JSONPathError(path: "\(path).\(place)", message: problem.message)
            }
        case .unavailable(let failure): [JSONPathError(path: "\(path).type", message: failure.message)]
        }
    }
}
