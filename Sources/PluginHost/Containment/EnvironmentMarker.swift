/// `NAME=value` in the environment of one launch of a plugin only.
struct EnvironmentMarker: Sendable, Hashable {
    let name = "GENERALSCALER_PLUGIN_RUN"
    let value: String

    var assignment: String { "\(name)=\(value)" }
}
