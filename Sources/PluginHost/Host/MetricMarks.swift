import PluginProtocol
import WireFormats

/// The marks of config fields in a metric type's schema.
struct MetricMarks: Sendable {
    /// `x-address`: names of servers.
    let addresses: MarkedFields?
    /// `x-secret`.
    private let secrets: MarkedFields?
    /// `x-credential-file`: paths of files that hold a credential. Files that a plugin can read belong to the
    /// administrator.
    private let files: MarkedFields?
    /// `x-operator-identity`: a field with which the plugin uses an identity of the operator's own, unless a secret
    /// stands in it.
    private let identities: MarkedFields?
    /// `x-server-trust`: how the server is verified.
    private let trust: MarkedFields?

    init(_ type: MetricTypeDescription) {
        addresses = MarkedFields("x-address", in: type.configSchema)
        secrets = MarkedFields("x-secret", in: type.configSchema)
        files = MarkedFields("x-credential-file", in: type.configSchema)
        identities = MarkedFields("x-operator-identity", in: type.configSchema)
        trust = MarkedFields("x-server-trust", in: type.configSchema)
    }

    /// Returns the texts in a config that are secret.
    func secretTexts(of config: PluginConfig) -> Set<String> {
        guard let secrets else { return config.secrets }
        return secrets.fields(of: config.json).reduce(into: config.secrets) { $0.formUnion($1.texts) }
    }

    /// Returns whether a config holds a secret, or names a file with one, that is the administrator's: its text must
    /// not depend on what a tenant guesses of it. Decided by where a field came from, never by its value.
    func usesOperatorSecret(_ config: PluginConfig) -> Bool {
        let inherited = config.json.members(config.inherited)
        return Self.has(secrets, inherited) || Self.hasFile(files, config.json)
    }

    /// Returns whether a call with this config acts with a credential of the administrator's.
    func usesOperatorCredential(_ config: PluginConfig) -> Bool {
        usesOperatorSecret(config) || usesIdentity(config.json)
    }

    /// Returns the members of `defaults` that hold a credential, or have one used.
    func credentialMembers(of defaults: [String: JSON]) -> Set<String> {
        Set(
            defaults.keys.filter { name in
                let alone: JSON = .object([name: defaults[name] ?? .null])
                return Self.has(secrets, alone) || Self.hasFile(files, alone) || usesIdentity(alone)
            })
    }

    /// Returns the member of a metric's own config, if any, that lets a server be taken for one of the defaults that
    /// those do not trust: one that says itself how to verify it, or that takes away how the defaults do. A file is one
    /// that the administrator lets the plugin read.
    func memberThatChoosesTrust(in own: JSON, defaults: [String: JSON]) -> String? {
        guard let trust else { return nil }
        for (name, value) in own.objectValue ?? [:] where trust.mayMark(member: name) && value != defaults[name] {
            let chosen = trust.fields(of: .object([name: value])).filter { !$0.value.isNull && $0.value != false }
            let areFiles = chosen.allSatisfy { $0.value.stringValue?.hasPrefix("/") == true }
            if !areFiles || chosen.isEmpty && defaults[name] != nil { return name }
        }
        return nil
    }

    /// Returns whether a member of a config holds a secret field.
    func holdsSecret(_ name: String, _ value: JSON) -> Bool { Self.has(secrets, .object([name: value])) }

    private func usesIdentity(_ config: JSON) -> Bool {
        guard let fields = identities?.fields(of: config), !fields.isEmpty else { return false }
        let secretPaths = secrets?.fields(of: config).filter { !$0.value.isNull }.map(\.path) ?? []
        return fields.contains { field in
            !field.value.isNull && !secretPaths.contains { field.path.isEmpty || $0.hasPrefix(field.path + ".") }
        }
    }

    private static func has(_ marks: MarkedFields?, _ config: JSON) -> Bool {
        marks?.fields(of: config).contains { !$0.value.isNull } ?? false
    }

    /// A field may take the file's content in place of its path.
    private static func hasFile(_ marks: MarkedFields?, _ config: JSON) -> Bool {
        marks?.fields(of: config).contains { $0.texts.contains { $0.hasPrefix("/") } } ?? false
    }
}

extension JSON {
    /// Returns the object with these members alone.
    fileprivate func members(_ names: Set<String>) -> JSON {
        .object((objectValue ?? [:]).filter { names.contains($0.key) })
    }
}
