/// The version of this package: of the operator, its tools, its plugins and its chart.
package enum ProjectVersion {
    package static let current = "0.1.0"
}
