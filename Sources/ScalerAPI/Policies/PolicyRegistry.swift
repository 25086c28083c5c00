package import Scaling
package import WireFormats

/// The policies that a resource can select.
package struct PolicyRegistry: Sendable {
    /// The policies in the order of error messages; the first is the default.
    package let policies: [any ConfigurablePolicy.Type]

    package init(_ policies: [any ConfigurablePolicy.Type]) {
        self.policies = policies
    }

    package static let standard = PolicyRegistry([
        SLOPolicy.self,
        CostPolicy.self,
    ])

    /// Reads `spec.policy`.
    ///
    /// - Parameter metricNames: the metric names of the spec; nil if its metrics could not be read.
    package func policy(_ spec: JSONReader, metricNames: [String]?) throws(JSONPathError) -> any ScalingPolicy {
        let policy = try spec.optional("policy") ?? JSONReader([:], path: "\(spec.path).policy")
        let type = try type(policy)
        let config = try policy.optional("config") ?? JSONReader([:], path: "\(policy.path).config")
        try config.rejectUnknown(type.fields)
        return try type.init(config: PolicyConfig(config, metricNames: metricNames))
    }

    private func type(_ policy: JSONReader) throws(JSONPathError) -> any ConfigurablePolicy.Type {
        guard let named = try policy.optional("type") else { return policies[0] }
        let name = try named.string()
        guard let type = policies.first(where: { $0.type == name }) else {
            let known = policies.map { $0.type }.joined(separator: ", ")
            throw named.error("must be one of \(known), not \"\(name.prefix(64))\"")
        }
        return type
    }
}
