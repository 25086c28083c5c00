import WireFormats

/// What the server does with a request for a pod's own HTTP server.
enum PodProxyStep: Sendable {
    case answer(APIResponse)
    /// Forward it to that port of this machine, on which every simulated pod runs.
    case forward(port: UInt16)
}

extension APIServer {
    /// Returns nil if the request is not for `pods/proxy`.
    func podProxy(_ request: APIRequest) -> PodProxyStep? {
        guard let info = RequestInfo(request), info.group.isEmpty, info.resource == "pods",
            info.subresource == "proxy", let name = info.name
        else { return nil }
        return withState { state in
            let step: PodProxyStep
            do throws(StatusError) {
                step = try state.podProxy(request, info, name)
            } catch {
                step = .answer(APIResponse(error))
            }
            let status = if case .answer(let answer) = step { answer.status } else { 200 }
            state.log.record(request, status: status, at: state.now)
            return step
        }
    }
}

extension ServerState {
    fileprivate func podProxy(
        _ request: APIRequest, _ info: RequestInfo, _ name: String
    ) throws(StatusError) -> PodProxyStep {
        try authorize(try user(of: request), request)
        let parts = name.split(separator: ":")
        let pod = ObjectKey(namespace: info.namespace, name: parts.first.map(String.init) ?? "")
        guard store.object(PodObjects.resource, pod) != nil else {
            throw .notFound(ErrorSubject(name: pod.name, group: "", kind: "pods"))
        }
        guard let port = parts.last.flatMap({ UInt16($0) }) else {
            return .answer(.text(503, "the pod has no port 80; name another one: \(pod.name):PORT\n"))
        }
        return .forward(port: port)
    }
}
