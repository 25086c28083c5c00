import WireFormats

/// A target's scale subresource (autoscaling/v1).
package struct Scale: Sendable, Hashable {
    package let key: ObjectKey
    package let uid: String
    package let resourceVersion: String
    /// The requested replicas (`spec.replicas`).
    package let replicas: Int
    /// The existing replicas (`status.replicas`).
    package let observedReplicas: Int
    /// The label selector of the replicas' pods (`status.selector`), such as `app=web`; nil if there is none.
    package let selector: String?

    init(_ object: JSON) throws(JSONPathError) {
        let reader = JSONReader(object)
        let metadata = try reader.required("metadata")
        key = ObjectKey(
            namespace: try metadata.optional("namespace")?.string() ?? "",
            name: try metadata.required("name").nonEmptyString()
        )
        uid = try metadata.optional("uid")?.string() ?? ""
        resourceVersion = try metadata.required("resourceVersion").nonEmptyString()
        // Go's encoder omits zeros: an absent count is 0, and so is an absent status.
        replicas = try reader.optional("spec")?.optional("replicas")?.int(in: 0...Int(Int32.max)) ?? 0
        observedReplicas = try reader.optional("status")?.optional("replicas")?.int(in: 0...Int(Int32.max)) ?? 0
        let selector = try reader.optional("status")?.optional("selector")?.string() ?? ""
        self.selector = selector.isEmpty ? nil : selector
    }
}

/// The reason why the API server cannot build a custom resource's scale subresource from its fields. The server returns
/// 500 until the object is changed.
package enum ScaleFault: Sendable, Hashable {
    /// The field for the replicas, such as `.spec.replicas`, has never been set.
    case missingReplicas(path: String)
    /// A field of the subresource does not have the type that a scale requires.
    case wrongType
}

extension KubernetesError {
    /// The fault of the object that caused the error; nil if the object is not the cause.
    ///
    /// Parsed from the message, because the server sets no specific reason. Source: apiextensions-apiserver,
    /// `customresource/etcd.go` (`ScaleREST`).
    package var scaleFault: ScaleFault? {
        if let path = Self.missingReplicasPath(in: message) { return .missingReplicas(path: path) }
        return kind == .serverError && message.contains("accessor error: ") ? .wrongType : nil
    }

    /// Returns the path in `the spec replicas field ".spec.replicas" does not exist`.
    private static func missingReplicasPath(in message: String) -> String? {
        guard let start = message.firstRange(of: "the spec replicas field \"")?.upperBound,
            let end = message[start...].firstIndex(of: "\"")
        else { return nil }
        let rest = message[end...].dropFirst()
        guard rest.hasPrefix(" does not exist") || rest.hasPrefix(" cannot be empty") else { return nil }
        return String(message[start..<end])
    }
}

extension KubernetesClient {
    private static let scaleSubresource = "scale"

    package func scale(of kind: ResourceKind, _ key: ObjectKey) async throws(KubernetesError) -> Scale {
        let call = try APICall(.get, kind, namespace: key.namespace, name: key.name, subresource: Self.scaleSubresource)
        return try read(await json(call), call)
    }

    /// Sets the replicas, provided that nothing about the target has changed since it was read.
    ///
    /// - Parameter resourceVersion: the version that the decision is based on. If the target has changed since, the
    ///   call throws ``KubernetesError/Kind/conflict``: read and decide again.
    package func patchScale(
        of kind: ResourceKind, _ key: ObjectKey, replicas: Int, resourceVersion: String,
        deadline: Duration = KubernetesLimits.callDeadline
    ) async throws(KubernetesError) -> Scale {
        var call = try APICall(
            .patch, kind, namespace: key.namespace, name: key.name, subresource: Self.scaleSubresource)
        call.query = [("fieldManager", Self.fieldManager)]
        call.body = [
            "metadata": ["resourceVersion": .string(resourceVersion)],
            "spec": ["replicas": .integer(Int64(replicas))],
        ]
        call.deadline = deadline
        return try read(await json(call), call)
    }

    private func read(_ answer: JSON, _ call: APICall) throws(KubernetesError) -> Scale {
        do {
            return try Scale(answer)
        } catch {
            throw KubernetesError(.malformedAnswer, "the answer is not a Scale: \(error)").during(call.description)
        }
    }
}
