import WireFormats

/// Properties of a ``Field`` that matter to the host. Each mark is a keyword of the schema.
public struct FieldMarks: OptionSet, Sendable {
    public let rawValue: Int

    public init(rawValue: Int) {
        self.rawValue = rawValue
    }

    /// The text, or each text of a list, is the address of the server: `x-address`.
    public static let address = FieldMarks(rawValue: 1 << 0)
    /// The text can be the absolute path of a file with a credential: `x-credential-file`. Files that a plugin can read
    /// belong to the administrator, even if a config names them.
    public static let credentialFile = FieldMarks(rawValue: 1 << 1)
    /// If the field is present without a secret, the plugin uses an identity of the operator, such as its cloud
    /// account: `x-operator-identity`.
    public static let operatorIdentity = FieldMarks(rawValue: 1 << 2)
    /// The field determines how the server is verified: `x-server-trust`. `false` and an absolute path, which names a
    /// file of the administrator, do not weaken the verification.
    public static let serverTrust = FieldMarks(rawValue: 1 << 3)

    // MARK: Fields that the operator fills in

    /// The operator fills the namespace of the scaler into the field, in every call: `x-from: scaler.namespace`. A
    /// GeneralScaler that sets the field is rejected. The same holds for the marks below; the field is a `String` of the
    /// config itself, and has one of these marks at most.
    public static let scalerNamespace = FieldMarks(rawValue: 1 << 4)
    /// The operator fills in the scaler's name: `x-from: scaler.name`.
    public static let scalerName = FieldMarks(rawValue: 1 << 5)
    /// The operator fills in the target's `apiVersion`, such as `apps/v1`: `x-from: target.apiVersion`.
    public static let targetAPIVersion = FieldMarks(rawValue: 1 << 6)
    /// The operator fills in the target's kind, such as `Deployment`: `x-from: target.kind`.
    public static let targetKind = FieldMarks(rawValue: 1 << 7)
    /// The operator fills in the target's name: `x-from: target.name`.
    public static let targetName = FieldMarks(rawValue: 1 << 8)
    /// The operator fills in the label selector of the target's pods, such as `app=web`: `x-from: target.selector`. Make
    /// the field optional: it is absent while the operator does not know the target.
    public static let targetSelector = FieldMarks(rawValue: 1 << 9)
    /// The operator fills in the metric's `targetValue` as text, such as `0.5`: `x-from: metric.targetValue`. Make the
    /// field optional: it is absent for a metric without a target.
    public static let targetValue = FieldMarks(rawValue: 1 << 10)
    /// Only the administrator sets the field, in the plugin's `defaults` in `plugins.yaml`: `x-from: defaults`. It may
    /// have any type.
    public static let administratorOnly = FieldMarks(rawValue: 1 << 11)

    private static let keywords: [(FieldMarks, String, JSON)] = [
        (.address, "x-address", true), (.credentialFile, "x-credential-file", true),
        (.operatorIdentity, "x-operator-identity", true), (.serverTrust, "x-server-trust", true),
        (.scalerNamespace, "x-from", "scaler.namespace"), (.scalerName, "x-from", "scaler.name"),
        (.targetAPIVersion, "x-from", "target.apiVersion"), (.targetKind, "x-from", "target.kind"),
        (.targetName, "x-from", "target.name"), (.targetSelector, "x-from", "target.selector"),
        (.targetValue, "x-from", "metric.targetValue"), (.administratorOnly, "x-from", "defaults"),
    ]

    /// The members that the marks add to the field's schema.
    var keywords: [(name: String, value: JSON)] {
        Self.keywords.filter { contains($0.0) }.map { ($0.1, $0.2) }
    }
}
