/// The kinds that the server supports without a custom resource definition.
enum BuiltinTypes {
    static let all =
        CoreTypes.all + WorkloadTypes.all + [JobType.job] + PolicyTypes.all + EventTypes.all
        + [CustomResourceDefinition.type]

    /// The initial namespaces.
    static let namespaces = ["default", "kube-node-lease", "kube-public", "kube-system"]
}
