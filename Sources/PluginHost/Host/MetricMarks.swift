import PluginProtocol
import WireFormats

/// The marks of config fields in a metric type's schema.
struct MetricMarks: Sendable {
    /// `x-address`: addresses of servers.
    let addresses: MarkedFields?
    /// `x-secret`: secrets.
    private let secrets: MarkedFields?
    /// `x-credential-file`: paths of files with a credential. Files that a plugin can read belong to the administrator.
    private let files: MarkedFields?
    /// `x-operator-identity`: fields that make the plugin use an identity of the operator, unless they contain a
    /// secret.
    private let identities: MarkedFields?
    /// `x-server-trust`: fields that determine how the server is verified.
    private let trust: MarkedFields?
    /// The members that only the administrator sets, if the addresses of all servers are among them.
    private let fixedMembers: Set<String>
    /// `x-from`: members that the host fills in, with the source of their values.
    private let filled: [String: FilledValue]

    /// A secret of this length, such as a token, cannot be guessed.
    private static let unguessableBytes = 128

    init(_ type: MetricTypeDescription) {
        addresses = MarkedFields("x-address", in: type.configSchema)
        secrets = MarkedFields("x-secret", in: type.configSchema)
        files = MarkedFields("x-credential-file", in: type.configSchema)
        identities = MarkedFields("x-operator-identity", in: type.configSchema)
        trust = MarkedFields("x-server-trust", in: type.configSchema)
        let filled = (try? FilledFields(JSONReader(type.configSchema))) ?? .none
        self.filled = filled.values.filter { $0.value != .defaults }
        let fields = filled.administratorFields
        fixedMembers = addresses?.mayMark(onlyMembers: fields) == true ? fields : []
    }

    /// Returns a member of `defaults` that the host fills in, and the source of its value; nil if there is none.
    func filledMember(of defaults: [String: JSON]) -> (name: String, source: FilledValue)? {
        filled.sorted { $0.key < $1.key }.first { defaults[$0.key] != nil }.map { ($0.key, $0.value) }
    }

    /// Returns whether the caller must not see any text of a call with this config, because a text could confirm a
    /// guess of a secret of the administrator.
    ///
    /// A token in a field that only the administrator sets can be neither sent elsewhere nor guessed: it is redacted,
    /// and the texts are shown.
    func hidesTexts(_ config: PluginConfig) -> Bool {
        guard usesOperatorSecret(config) else { return false }
        let other = config.inherited.subtracting(fixedMembers)
        let inherited = config.json.members(config.inherited)
        let isGuessable = secrets?.fields(of: inherited).contains { field in
            field.texts.contains { $0.utf8.count < Self.unguessableBytes }
        }
        return isGuessable ?? true || Self.has(secrets, config.json.members(other)) || Self.hasFile(files, config.json)
    }

    /// Returns the secret texts in a config.
    func secretTexts(of config: PluginConfig) -> Set<String> {
        guard let secrets else { return config.secrets }
        return secrets.fields(of: config.json).reduce(into: config.secrets) { $0.formUnion($1.texts) }
    }

    /// Returns whether two configs read the same from the same server: whether they differ in secrets alone, such as a
    /// renewed token. A secret that is an address is not one of these.
    func isRenewal(of old: JSON, by new: JSON) -> Bool {
        func paths(_ marks: MarkedFields?) -> Set<String> {
            Set([old, new].flatMap { marks?.fields(of: $0) ?? [] }.map(\.path))
        }
        let renewable = paths(secrets).subtracting(paths(addresses)).subtracting([""])
        return Self.differences(old, new, at: "").allSatisfy(renewable.contains)
    }

    /// Returns the paths of the values in which two configs differ, as ``MarkedFields/Field/path``.
    private static func differences(_ first: JSON?, _ second: JSON?, at path: String) -> [String] {
        guard first != second else { return [] }
        switch (first, second) {
        case (.object(let first)?, .object(let second)?):
            return Set(first.keys).union(second.keys).flatMap { name in
                differences(first[name], second[name], at: path.isEmpty ? name : "\(path).\(name)")
            }
        case (.array(let first)?, .array(let second)?) where first.count == second.count:
            return zip(first, second).enumerated().flatMap { index, pair in
                differences(pair.0, pair.1, at: "\(path)[\(index)]")
            }
        default: return [path]
        }
    }

    /// Returns whether a config contains a secret of the administrator, or the path of a file with one, so that the
    /// caller must not learn anything about it. Decided by the origin of a field, never by its value.
    func usesOperatorSecret(_ config: PluginConfig) -> Bool {
        if Self.hasFile(files, config.json) { return true }
        guard !config.inherited.isEmpty else { return false }
        let inherited = config.json.members(config.inherited)
        return Self.has(secrets, inherited)
    }

    /// Returns whether a call with this config uses a credential of the administrator.
    func usesOperatorCredential(_ config: PluginConfig) -> Bool {
        usesOperatorSecret(config) || usesIdentity(config.json)
    }

    /// Returns the members of `defaults` that contain a credential or cause one to be used.
    func credentialMembers(of defaults: [String: JSON]) -> Set<String> {
        Set(
            defaults.keys.filter { name in
                let alone: JSON = .object([name: defaults[name] ?? .null])
                return Self.has(secrets, alone) || Self.hasFile(files, alone) || usesIdentity(alone)
            })
    }

    /// Returns the member of a metric's own config, if any, that weakens the verification of servers in the defaults:
    /// it sets how to verify, or removes the setting of the defaults. A file is not such a member, because it is one
    /// that the administrator lets the plugin read.
    func memberThatChoosesTrust(in own: JSON, defaults: [String: JSON]) -> String? {
        guard let trust else { return nil }
        for (name, value) in own.objectValue ?? [:] where trust.mayMark(member: name) {
            // A default with a secret is never compared: the result would confirm a correct guess.
            if let same = defaults[name], !holdsSecret(name, same), value == same { continue }
            let chosen = trust.fields(of: .object([name: value])).filter { !$0.value.isNull && $0.value != false }
            let areFiles = chosen.allSatisfy { $0.value.stringValue.map(Self.isAbsolutePath) == true }
            if !areFiles || chosen.isEmpty && defaults[name] != nil { return name }
        }
        return nil
    }

    /// Returns whether a member of a config holds a secret field.
    func holdsSecret(_ name: String, _ value: JSON) -> Bool { Self.has(secrets, .object([name: value])) }

    /// Returns whether a field of a config is a secret, or a part of one.
    func isSecret(_ path: String, in config: JSON) -> Bool {
        secrets?.fields(of: config).contains { path == $0.path || path.hasPrefix($0.path + ".") } ?? false
    }

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

    /// Returns whether a marked field contains the path of a file, and not its contents. A relative path is one too: the
    /// plugin may resolve it, and `..` leads out of its directory.
    private static func hasFile(_ marks: MarkedFields?, _ config: JSON) -> Bool {
        marks?.fields(of: config).contains { field in
            field.texts.contains { $0.hasPrefix("/") || !$0.isEmpty && !$0.contains(pemBeginning) }
        } ?? false
    }

    /// Returns whether the text can only be a path. A plugin may search a text for PEM before it takes it for a path.
    private static func isAbsolutePath(_ text: String) -> Bool {
        text.hasPrefix("/") && !text.contains(pemBeginning)
    }

    private static let pemBeginning = "-----BEGIN"
}

extension JSON {
    /// Returns an object with only these members.
    fileprivate func members(_ names: Set<String>) -> JSON {
        .object((objectValue ?? [:]).filter { names.contains($0.key) })
    }
}
