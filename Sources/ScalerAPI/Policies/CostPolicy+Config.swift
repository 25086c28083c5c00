package import Scaling
package import WireFormats

extension CostPolicy: ConfigurablePolicy {
    package static let type = "cost"
    package static let fields = ["maxCostPerHour", "costPerPodPerHour"] + SLOPolicy.fields

    package init(config: PolicyConfig) throws(JSONPathError) {
        let price = try config.requiredPositive("costPerPodPerHour")
        let budget = try config.requiredPositive("maxCostPerHour")
        guard budget >= price else {
            throw JSONPathError(
                path: "\(config.reader.path).maxCostPerHour",
                message: "must be at least costPerPodPerHour (\(price)), the price of one replica"
            )
        }
        self.init(demand: try SLOPolicy(config: config), costPerPodPerHour: price, maxCostPerHour: budget)
    }

    package var config: JSON {
        var config = demand.config.objectValue ?? [:]
        config["costPerPodPerHour"] = .shortest(costPerPodPerHour)
        config["maxCostPerHour"] = .shortest(maxCostPerHour)
        return .object(config)
    }
}
