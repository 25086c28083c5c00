package import Scaling

/// An entry of `metrics` that the core computes from others.
package struct FormulaMetricSpec: Sendable, Hashable {
    /// Where it is in `metrics`.
    package var index: Int
    package var name: String
    package var formula: Formula
    package var targetValue: Double
    package var targetType: MetricSpec.TargetType
    package var activationValue: Double

    package init(
        index: Int, name: String, formula: Formula, targetValue: Double, targetType: MetricSpec.TargetType,
        activationValue: Double
    ) {
        self.index = index
        self.name = name
        self.formula = formula
        self.targetValue = targetValue
        self.targetType = targetType
        self.activationValue = activationValue
    }
}
