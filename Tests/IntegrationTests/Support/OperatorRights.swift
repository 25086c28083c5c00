import Foundation
import KubernetesClient
import WireFormats
import YAMLFormat

/// The identity of a test's operator: a service account with the permissions in `deploy/operator.yaml`, limited to the
/// test's namespace and, for cluster-scoped objects, to the test's own names.
enum OperatorRights {
    private static let name = "generalscaler"

    /// Creates the account, its role and its token.
    ///
    /// - Returns: the path of a kubeconfig with the token.
    static func grant(on cluster: TestCluster) async throws -> String {
        let namespace = cluster.namespace
        func create(_ kind: ResourceKind, named name: String = name, _ fields: [String: JSON]) async throws {
            let head: [String: JSON] = [
                "apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind), "metadata": ["name": .string(name)],
            ]
            _ = try await cluster.client.create(
                kind, in: kind.isNamespaced ? namespace : "", .object(head.merging(fields) { $1 }))
        }
        try await create(.serviceAccount, [:])
        let rules = try rules(of: name)
        let subjects: JSON = [["kind": "ServiceAccount", "name": .string(name), "namespace": .string(namespace)]]
        func reference(_ kind: String, _ name: String) -> JSON {
            ["apiGroup": .string(ResourceKind.role.group), "kind": .string(kind), "name": .string(name)]
        }
        try await create(.role, ["rules": .array(rules.filter { !isClusterWide($0) })])
        try await create(.roleBinding, ["roleRef": reference("Role", name), "subjects": subjects])
        let clusterName = clusterName(cluster)
        try await create(
            .clusterRole, named: clusterName,
            ["rules": .array(rules.filter(isClusterWide).map { renamed($0, clusterName) })])
        try await create(
            .clusterRoleBinding, named: clusterName,
            ["roleRef": reference("ClusterRole", clusterName), "subjects": subjects])
        try await grantPlugin(on: cluster)
        let answer = try await cluster.client.create(
            .tokenRequest(of: name), in: namespace,
            ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": [:]])
        guard let token = answer["status"]?["token"]?.stringValue else { throw Missing(what: "a token in \(answer)") }
        return try kubeconfig(of: cluster, token: token)
    }

    /// The account of the kubernetes plugin.
    static let pluginAccount = "generalscaler-kubernetes"

    /// Creates the account of the kubernetes plugin, with its permissions in `deploy/operator.yaml` in this namespace.
    private static func grantPlugin(on cluster: TestCluster) async throws {
        func create(_ kind: ResourceKind, _ fields: [String: JSON], metadata: [String: JSON] = [:]) async throws {
            let head: [String: JSON] = [
                "apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind),
                "metadata": .object(metadata.merging(["name": .string(pluginAccount)]) { $1 }),
            ]
            _ = try await cluster.client.create(kind, in: cluster.namespace, .object(head.merging(fields) { $1 }))
        }
        let account = try manifest().first {
            $0["kind"] == "ServiceAccount" && $0["metadata"]?["name"] == .string(pluginAccount)
        }
        guard let metadata = account?["metadata"] else { throw Missing(what: "an account of the kubernetes plugin") }
        try await create(
            .serviceAccount, [:],
            metadata: ["labels": metadata["labels"] ?? [:], "annotations": metadata["annotations"] ?? [:]])
        try await create(.role, ["rules": .array(try rules(of: pluginAccount))])
        try await create(
            .roleBinding,
            [
                "roleRef": [
                    "apiGroup": .string(ResourceKind.role.group), "kind": "Role", "name": .string(pluginAccount),
                ],
                "subjects": [
                    [
                        "kind": "ServiceAccount", "name": .string(pluginAccount),
                        "namespace": .string(cluster.namespace),
                    ]
                ],
            ])
    }

    /// Deletes the cluster-scoped objects, which are not deleted with the namespace.
    static func revoke(on cluster: TestCluster) async {
        let key = ObjectKey(namespace: "", name: clusterName(cluster))
        for kind in [ResourceKind.clusterRoleBinding, .clusterRole] { try? await cluster.client.delete(kind, key) }
    }

    /// Returns the name of the test's cluster-scoped objects.
    static func clusterName(_ cluster: TestCluster) -> String { "generalscaler-\(cluster.namespace)" }

    private static func isClusterWide(_ rule: JSON) -> Bool {
        rule["apiGroups"] == ["admissionregistration.k8s.io"]
    }

    private static func renamed(_ rule: JSON, _ name: String) -> JSON {
        var rule = rule.objectValue ?? [:]
        if rule["resourceNames"] != nil { rule["resourceNames"] = [.string(name)] }
        return .object(rule)
    }

    private static func manifest() throws -> [JSON] {
        let text = try String(contentsOf: TestCluster.file("deploy/operator.yaml"), encoding: .utf8)
        return try text.components(separatedBy: "\n---\n").map { try YAMLDocument.parse($0) }
    }

    /// Returns an account's rules for its own namespace and for the others, which are the same here.
    private static func rules(of account: String) throws -> [JSON] {
        let objects = try manifest()
        let bindings = objects.filter {
            $0["subjects"]?.arrayValue?.contains { $0["name"] == .string(account) } == true
        }
        let bound = Set(bindings.compactMap { $0["roleRef"] })
        let roles = objects.filter { object in
            bound.contains { $0["kind"] == object["kind"] && $0["name"] == object["metadata"]?["name"] }
        }
        let rules = roles.flatMap { $0["rules"]?.arrayValue ?? [] }
        guard !rules.isEmpty else { throw Missing(what: "rules in deploy/operator.yaml") }
        return rules
    }

    /// Returns the test's kubeconfig with the token in place of every user's credentials.
    private static func kubeconfig(of cluster: TestCluster, token: String) throws -> String {
        let text = try String(contentsOf: URL(filePath: cluster.kubeconfig), encoding: .utf8)
        var config = try YAMLDocument.parse(text).objectValue ?? [:]
        config["users"] = .array([["name": .string(name), "user": ["token": .string(token)]]])
        config["contexts"] = .array(
            (config["contexts"]?.arrayValue ?? []).map { entry in
                var context = entry["context"]?.objectValue ?? [:]
                context["user"] = .string(name)
                context["namespace"] = .string(cluster.namespace)
                return ["name": entry["name"] ?? "", "context": .object(context)]
            })
        let path = cluster.directory.appending(path: "operator-kubeconfig").path
        try Data(JSON.object(config).description.utf8).write(to: URL(filePath: path))
        return path
    }

    private struct Missing: Error, CustomStringConvertible {
        let what: String
        var description: String { "there is not \(what)" }
    }
}

extension ResourceKind {
    fileprivate static let serviceAccount = ResourceKind(
        group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts")
    fileprivate static let role = ResourceKind(
        group: "rbac.authorization.k8s.io", version: "v1", kind: "Role", plural: "roles")
    fileprivate static let roleBinding = ResourceKind(
        group: "rbac.authorization.k8s.io", version: "v1", kind: "RoleBinding", plural: "rolebindings")

    fileprivate static let clusterRole = ResourceKind(
        group: "rbac.authorization.k8s.io", version: "v1", kind: "ClusterRole", plural: "clusterroles",
        isNamespaced: false)
    fileprivate static let clusterRoleBinding = ResourceKind(
        group: "rbac.authorization.k8s.io", version: "v1", kind: "ClusterRoleBinding", plural: "clusterrolebindings",
        isNamespaced: false)

    /// Requesting a token is a creation below the account.
    fileprivate static func tokenRequest(of account: String) -> ResourceKind {
        ResourceKind(
            group: "", version: "v1", kind: "TokenRequest", plural: "serviceaccounts/\(account)/token")
    }
}
