import WireFormats

/// Converts `metadata` and `status`, which are alike for all kinds.
enum MetadataConversion {
    /// Fields that the API server sets.
    private static let serverFields = [
        "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers", "generateName",
        "generation", "managedFields", "ownerReferences", "resourceVersion", "selfLink", "uid",
    ]
    /// Annotations and labels that belong to the object of the source, by the start of their name.
    private static let ownedPrefixes = [
        "kubectl.kubernetes.io/last-applied-configuration", "meta.helm.sh/", "autoscaling.alpha.kubernetes.io/",
        "scaledobject.keda.sh/", "deployment.kubernetes.io/", "helm.sh/",
    ]

    /// Annotations in which autoscaling/v1 keeps the fields of later versions.
    private static let laterVersionFields = [
        "autoscaling.alpha.kubernetes.io/metrics", "autoscaling.alpha.kubernetes.io/behavior",
    ]

    /// Returns the metadata of the result.
    ///
    /// - Parameter handled: annotations that the caller converts itself.
    static func convert(_ ledger: FieldLedger, name: String, handled: Set<String>) -> JSON {
        var metadata: [String: JSON] = ["name": .string(name)]
        let object = ledger.object
        markTypeAndServerFields(ledger)
        if name == object.name {
            ledger.converted("metadata.name", to: "metadata.name")
        } else {
            ledger.different(
                "metadata.name", to: "metadata.name",
                "another scaler of the namespace has the name: it is `\(name)` here")
        }
        if let namespace = object.namespace {
            metadata["namespace"] = .string(namespace)
            ledger.converted("metadata.namespace", to: "metadata.namespace")
        }
        for field in ["labels", "annotations"] {
            var kept: [String: JSON] = [:]
            for (key, value) in object.json["metadata"]?[field]?.objectValue ?? [:] where !handled.contains(key) {
                let path = "metadata.\(field).\(key)"
                if laterVersionFields.contains(key) {
                    ledger.refuse(
                        path, nearest: "convert the object as autoscaling/v2: `kubectl get hpa.v2.autoscaling -o yaml`")
                } else if ownedPrefixes.contains(where: { key.hasPrefix($0) }) {
                    ledger.different(path, to: "", "belongs to the tool that wrote the source object; not copied")
                } else if key.contains("keda.sh/") {
                    ledger.refuse(
                        path,
                        nearest: "no field of a GeneralScaler has this effect; see docs/how-to/migrate-from-keda.md")
                } else {
                    kept[key] = value
                    ledger.converted(path, to: path)
                }
            }
            if !kept.isEmpty { metadata[field] = .object(kept) }
        }
        return .object(metadata)
    }

    /// Marks the metadata of an object without an equivalent.
    static func markDropped(_ ledger: FieldLedger, reason: String) {
        markTypeAndServerFields(ledger)
        ledger.different("metadata", to: "", reason)
    }

    private static func markTypeAndServerFields(_ ledger: FieldLedger) {
        ledger.converted("apiVersion", to: "apiVersion")
        ledger.converted("kind", to: "kind")
        for field in serverFields where ledger.object.json["metadata"]?[field] != nil {
            ledger.different("metadata.\(field)", to: "", "set by the API server or a controller; not copied")
        }
        if ledger.object.json["status"] != nil {
            ledger.different("status", to: "status", "the operator writes its own status")
        }
    }
}
