import FoundationEssentials
import KubernetesClient
import ScalerAPI
import WireFormats

/// The part of a Secret that the operator reads.
struct SecretObject: Sendable {
    static let kind = ResourceKind(group: "", version: "v1", kind: "Secret", plural: "secrets")
    /// GeneralScalers may use only Secrets with this label: otherwise a user who may create a GeneralScaler could have
    /// any Secret of the namespace sent to an address of their choice.
    static let label = "autoscaling.example.com/readable"

    static let reader = ObjectReader(
        ObjectFields([:], metadata: ["labels"], whole: ["data"]), limits: SecretLimits.object)

    private enum Value: Sendable {
        case text(SecretString)
        case notText
    }

    private let values: [String: Value]
    private let isLabelled: Bool
    /// The approximate size in memory.
    let bytes: Int

    init(_ object: JSON) {
        isLabelled = object["metadata"]?["labels"]?[Self.label] == "true"
        var values: [String: Value] = [:]
        var bytes = 0
        for (key, value) in object["data"]?.objectValue ?? [:] {
            let data = value.stringValue.flatMap { Data(base64Encoded: $0) }
            let text = data.flatMap { String(validating: $0, as: UTF8.self) }
            values[key] = text.map { .text(SecretString($0)) } ?? .notText
            bytes += key.utf8.count + (text?.utf8.count ?? 0)
        }
        self.values = values
        self.bytes = bytes
    }

    /// Returns the value of a key.
    ///
    /// - Throws: ``SecretProblem``
    func value(
        of reference: SecretReference, at key: ObjectKey, allowsUnlabelled: Bool
    ) throws(SecretProblem) -> SecretString? {
        guard isLabelled || allowsUnlabelled else {
            throw SecretProblem(
                .notReadable,
                "Secret \(key) may not be used: it lacks the label \(Self.label): \"true\". If GeneralScalers may send its value "
                    + "to their sources, run: \(Self.labelCommand(key))")
        }
        switch values[reference.key] {
        case .text(let text): return text
        case .notText:
            throw SecretProblem(
                .invalid, "key \(reference.key) of Secret \(key) is not UTF-8 text: only text is allowed in a config")
        case nil:
            if reference.isOptional { return nil }
            throw SecretProblem(
                .notFound,
                "Secret \(key) has no key \(reference.key): correct the key here, add it to the Secret, or set "
                    + "optional: true")
        }
    }

    static func labelCommand(_ key: ObjectKey) -> String {
        "kubectl -n \(key.namespace) label secret \(key.name) \(label)=true"
    }
}
