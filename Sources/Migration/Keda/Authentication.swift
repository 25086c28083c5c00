import WireFormats

/// The parameters of a TriggerAuthentication or ClusterTriggerAuthentication, as one trigger uses them.
struct Authentication {
    /// A parameter that the object defines.
    struct Parameter {
        enum Source {
            case secret(name: String, key: String)
            case environment(name: String, container: String?)
            /// A token of a ServiceAccount.
            case token(serviceAccount: String)
            case text(String)
            /// A store that GeneralScaler does not read.
            case unsupported(nearest: String)
        }

        /// The path of the entry in the object.
        let path: String
        let source: Source
    }

    let ledger: FieldLedger
    let parameters: [String: Parameter]
    /// The namespace that Secrets have to be copied from; nil if they are in the scaler's own.
    let secretNamespace: String?

    /// The namespace in which KEDA looks for the Secrets of a ClusterTriggerAuthentication by default.
    private static let kedaNamespace = "keda"

    init(_ ledger: FieldLedger, objects: SourceObjects, scaler: ScalerContext) {
        self.ledger = ledger
        let object = ledger.object
        let spec = object.json["spec"]
        secretNamespace = object.kind == "ClusterTriggerAuthentication" ? Self.kedaNamespace : nil
        var found: [String: Parameter] = [:]
        for list in Self.lists {
            for (index, entry) in (spec?[list.name]?.arrayValue ?? []).enumerated() {
                guard let name = entry["parameter"]?.stringValue else { continue }
                let source = list.read(entry, objects, object.namespace ?? scaler.namespace)
                found[name] = Parameter(path: "spec.\(list.name)[\(index)]", source: source)
            }
        }
        for store in Self.stores {
            for (index, entry) in (spec?[store.name]?["secrets"]?.arrayValue ?? []).enumerated() {
                guard let name = entry["parameter"]?.stringValue else { continue }
                found[name] = Parameter(
                    path: "spec.\(store.name).secrets[\(index)]",
                    source: .unsupported(nearest: store.nearest))
            }
        }
        parameters = found
    }

    /// `spec.podIdentity.provider`; nil if there is none.
    var identity: String? {
        let provider = ledger.object.json["spec"]?["podIdentity"]?["provider"]?.stringValue
        return provider == "none" ? nil : provider
    }

    private struct List: Sendable {
        let name: String
        let read: @Sendable (JSON, SourceObjects, String?) -> Parameter.Source
    }

    private static let lists = [
        List(name: "secretTargetRef") { entry, _, _ in
            .secret(name: entry["name"]?.stringValue ?? "", key: entry["key"]?.stringValue ?? "")
        },
        List(name: "env") { entry, _, _ in
            .environment(
                name: entry["name"]?.stringValue ?? "", container: entry["containerName"]?.stringValue)
        },
        List(name: "configMapTargetRef") { entry, objects, namespace in
            let name = entry["name"]?.stringValue ?? ""
            let key = entry["key"]?.stringValue ?? ""
            let map = objects.find(["ConfigMap"], name: name, namespace: namespace)
            return map?.json["data"]?[key]?.stringValue.map { .text($0) }
                ?? .unsupported(
                    nearest: "add ConfigMap \(name) to the input, or write the value into `config` of the metric")
        },
        List(name: "boundServiceAccountToken") { entry, _, _ in
            .token(serviceAccount: entry["serviceAccountName"]?.stringValue ?? "")
        },
    ]

    private static let stores = [
        (name: "hashiCorpVault", nearest: "a Secret that External Secrets or Vault Secrets Operator keeps up to date"),
        (
            name: "azureKeyVault",
            nearest: "a Secret that External Secrets or the Secrets Store CSI driver keeps up to date"
        ),
        (name: "awsSecretManager", nearest: "a Secret that External Secrets keeps up to date"),
        (name: "gcpSecretManager", nearest: "a Secret that External Secrets keeps up to date"),
    ]

    /// Marks what is the same for every use of the object.
    static func markCommon(_ ledger: FieldLedger, isUsed: Bool) {
        let spec = ledger.object.json["spec"]
        MetadataConversion.markDropped(ledger, reason: "the object is not needed: its parameters are in `config`")
        for store in stores where spec?[store.name] != nil {
            ledger.refuse("spec.\(store.name)", nearest: store.nearest)
        }
        if spec?["filePath"] != nil {
            ledger.refuse("spec.filePath", nearest: "a Secret with the values of the file")
        }
        guard !isUsed else { return }
        for list in lists where spec?[list.name] != nil {
            ledger.different("spec.\(list.name)", to: "", "no ScaledObject of the input uses the object")
        }
        if spec?["podIdentity"] != nil {
            ledger.different("spec.podIdentity", to: "", "no ScaledObject of the input uses the object")
        }
    }
}
