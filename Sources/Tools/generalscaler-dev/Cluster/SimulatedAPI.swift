import ClusterSimulator
import FoundationEssentials
import Operator
import ScalerAPI
import Scaling
import SystemIO
import TimeZones
import WireFormats

/// The configuration of the simulated API server in this program.
enum SimulatedAPI {
    static func configuration() -> APIServer.Configuration {
        var configuration = APIServer.Configuration(
            now: TimeSource.system.wallMicroseconds,
            makeUID: { UUID().uuidString.lowercased() }
        )
        configuration.crossFieldValidators = ["autoscaling.example.com/GeneralScaler": crossFieldProblems]
        return configuration
    }

    /// Replaces the CEL rules of the resource by the operator's own checks, as field errors. Problems inside a config
    /// are omitted, because CEL rules cannot inspect configs.
    private static func crossFieldProblems(_ object: JSON) -> [FieldError] {
        guard
            case .failure(let invalid) = GeneralScalerSpec.parse(
                object["spec"] ?? .null, zones: TimeZoneDirectory.system)
        else { return [] }
        return invalid.problems.filter { !$0.path.contains(".config") || $0.path.hasPrefix("spec.policy") }.map {
            FieldError(.invalid, $0.path, message: $0.message)
        }
    }
}
