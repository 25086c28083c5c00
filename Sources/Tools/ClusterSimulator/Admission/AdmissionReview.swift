import WireFormats

/// The AdmissionReview for a webhook.
enum AdmissionReview {
    static let apiVersion = "admission.k8s.io/v1"
    static let kind = "AdmissionReview"

    /// `request`, without its uid.
    ///
    /// - Parameter version: the version of the object that the webhook expects.
    static func request(_ change: AdmissionChange, _ call: Call, version: String, by user: User) -> JSON {
        let type = call.type
        func converted(_ object: JSON?) -> JSON {
            guard var object else { return .null }
            if object.string("apiVersion") == type.groupVersion {
                object.set(.string(type.group.isEmpty ? version : "\(type.group)/\(version)"), at: "apiVersion")
            }
            return object
        }
        func resource(_ version: String) -> JSON {
            ["group": .string(type.group), "version": .string(version), "resource": .string(type.plural)]
        }
        let (object, oldObject) = (converted(change.object), converted(change.oldObject))
        let seen = change.object == nil ? oldObject : object
        var request: JSON = [
            "kind": kind(of: seen), "resource": resource(version),
            "requestKind": kind(of: change.object ?? change.oldObject ?? .null),
            "requestResource": resource(type.version),
            "operation": .string(change.operation.rawValue),
            "userInfo": ["username": .string(user.name), "groups": .array(user.groups.map { .string($0) })],
            "object": object, "oldObject": oldObject, "dryRun": .bool(call.isDryRun), "options": options(change, call),
        ]
        if !change.name.isEmpty { request.set(.string(change.name), at: "name") }
        if type.isNamespaced { request.set(.string(call.info.namespace), at: "namespace") }
        if let subresource = call.info.subresource {
            request.set(.string(subresource), at: "subResource")
            request.set(.string(subresource), at: "requestSubResource")
        }
        return request
    }

    static func encoded(_ request: JSON, uid: String) -> [UInt8] {
        var request = request
        request.set(.string(uid), at: "uid")
        let review: JSON = ["apiVersion": .string(apiVersion), "kind": .string(kind), "request": request]
        return review.encoded()
    }

    private static func kind(of object: JSON) -> JSON {
        let parts = (object.string("apiVersion") ?? "").split(separator: "/")
        return [
            "group": .string(parts.count > 1 ? String(parts[0]) : ""),
            "version": .string(parts.last.map(String.init) ?? ""),
            "kind": .string(object.string("kind") ?? ""),
        ]
    }

    private static func options(_ change: AdmissionChange, _ call: Call) -> JSON {
        let kind =
            switch change.operation {
            case .create: "CreateOptions"
            case .update: call.info.verb == "patch" ? "PatchOptions" : "UpdateOptions"
            case .delete: "DeleteOptions"
            }
        var options: JSON = ["apiVersion": "meta.k8s.io/v1", "kind": .string(kind)]
        if call.isDryRun { options.set(["All"], at: "dryRun") }
        if change.operation != .delete, let manager = call.request.parameter("fieldManager") {
            options.set(.string(manager), at: "fieldManager")
        }
        return options
    }
}
