/// Every kind that the server knows without a custom resource definition.
enum BuiltinTypes {
    static let all =
        CoreTypes.all + WorkloadTypes.all + PolicyTypes.all + EventTypes.all + [CustomResourceDefinition.type]

    /// The namespaces that are there from the start.
    static let namespaces = ["default", "kube-node-lease", "kube-public", "kube-system"]
}
