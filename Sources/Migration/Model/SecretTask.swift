import ScalerAPI

/// Work on a Secret that the user has to do, since a migration never contains the value of one.
package struct SecretTask: Sendable, Hashable {
    package enum Work: Sendable, Hashable {
        /// Create the Secret with these keys: for each, what its value is.
        case create(keys: [String: String])
        /// Copy the Secret from another namespace.
        case copy(from: String)
        /// Allow GeneralScalers to use the Secret.
        case label
    }

    package let namespace: String?
    package let name: String
    package let work: Work

    /// The label that allows GeneralScalers to use a Secret.
    static let label = "autoscaling.example.com/readable=true"

    private var kubectl: String { "kubectl\(namespace.map { " -n \($0)" } ?? "")" }

    /// The commands that do the work.
    package var commands: [String] {
        switch work {
        case .create(let keys):
            let files = keys.keys.sorted().map { " --from-file=\($0)=FILE" }.joined()
            return [
                "\(kubectl) create secret generic \(name)\(files)", "\(kubectl) label secret \(name) \(Self.label)",
            ]
        case .copy(let source):
            let fields =
                "del(.metadata.namespace, .metadata.uid, .metadata.resourceVersion, .metadata.creationTimestamp)"
            return [
                "kubectl -n \(source) get secret \(name) -o json | jq '\(fields)' | \(kubectl) apply -f -",
                "\(kubectl) label secret \(name) \(Self.label)",
            ]
        case .label:
            return ["\(kubectl) label secret \(name) \(Self.label)"]
        }
    }
}
