import HTTPTransport
import Testing

@testable import KubernetesClient

@Suite("Configuration in a cluster")
struct InClusterTests {
    private let serviceAccount = ["/sa/token": "\u{FEFF}t0k\n", "/sa/ca.crt": "CA", "/sa/namespace": "\u{FEFF}ops\n"]

    @Test(
        "a pod finds its API server and its service account",
        arguments: [("10.96.0.1", "https://10.96.0.1:443"), ("fd00::1", "https://[fd00::1]:443")])
    func inCluster(host: String, server: String) throws {
        let loaded = try ClusterConfiguration.inCluster(
            environment: ["KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "443"], directory: "/sa",
            files: .memory(serviceAccount))
        #expect(loaded.server == server)
        #expect(loaded.tls.certificateAuthorities == Array("CA".utf8))
        #expect(loaded.defaultNamespace == "ops")
        #expect(loaded.credentials.revealed == "tokenFile /sa/token")
    }

    @Test("the error outside of a pod, or in a pod without a service account, says what to do")
    func notInCluster() {
        let outside = #expect(throws: ConfigurationError.self) {
            try ClusterConfiguration.inCluster(environment: [:], directory: "/sa", files: .memory(serviceAccount))
        }
        #expect(outside?.description.contains("--kubeconfig FILE") == true)
        for missing in ["/sa/token", "/sa/ca.crt"] {
            var files = serviceAccount
            files[missing] = nil
            let error = #expect(throws: ConfigurationError.self) {
                try ClusterConfiguration.inCluster(
                    environment: ["KUBERNETES_SERVICE_HOST": "h", "KUBERNETES_SERVICE_PORT": "1"], directory: "/sa",
                    files: .memory(files))
            }
            #expect(error?.description.hasPrefix("service account: \(missing): No such file") == true)
            #expect(error?.description.contains("automountServiceAccountToken") == true)
        }
    }
}
