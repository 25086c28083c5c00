import WireFormats

/// The kubeconfig of a simulated cluster, written as JSON, which is valid YAML.
enum Kubeconfig {
    static func text(server: String, token: String?, namespace: String) -> String {
        let name: JSON = "generalscaler-dev"
        var user: JSON = [:]
        if let token { user.set(.string(token), at: "token") }
        let config: JSON = [
            "apiVersion": "v1", "kind": "Config", "current-context": name,
            "clusters": [["name": name, "cluster": ["server": .string(server)]]],
            "users": [["name": name, "user": user]],
            "contexts": [["name": name, "context": ["cluster": name, "user": name, "namespace": .string(namespace)]]],
        ]
        return config.description + "\n"
    }
}
