package import HTTPTransport

extension ResourceKind {
    package static let pod = ResourceKind(group: "", version: "v1", kind: "Pod", plural: "pods")
}

extension KubernetesClient {
    /// Opens a `GET` of a pod's HTTP server through the API server's proxy, which needs `get` on `pods/proxy`.
    ///
    /// - Parameters:
    ///   - path: the encoded path without the leading slash, with the query if there is one.
    ///   - headers: for the pod; the proxy removes `Authorization`.
    /// - Returns: the pod's answer, or that of the API server, regardless of its status.
    package func openPodProxy(
        _ pod: ObjectKey, port: Int, path: String, headers: [HTTPHeader], deadline: Duration
    ) async throws(KubernetesError) -> HTTPStream {
        try APICall.check(pod.name)
        var call = APICall(
            getting: ResourceKind.pod.path(
                namespace: pod.namespace, name: "\(pod.name):\(port)", subresource: "proxy/\(path)"),
            resource: "pods/proxy", subject: pod.description)
        call.headers = headers
        call.deadline = deadline
        return try await openOnce(call)
    }
}
