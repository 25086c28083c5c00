import PluginProtocol
import Synchronization
import WireFormats

/// Prevents configs from directing a plugin to servers that the administrator has not allowed, and the administrator's
/// credentials from being sent to servers that they are not meant for.
///
/// Addresses are the fields that the metric type's schema marks with `"x-address": true`. The values in the plugin's
/// `defaults` are allowed, and so is an omitted field, because the config does not choose the plugin's own default.
final class AddressFilter: Sendable {
    private let plugin: String
    /// The allowed addresses; nil if every address is allowed.
    private let allowed: [AllowedAddress]?
    private let defaults: [String: JSON]
    /// The marks by metric type, once the plugin has declared them.
    private let marks = Mutex<[String: MetricMarks]>([:])

    init(plugin: String, allowed: [AllowedAddress]?, defaults: [String: JSON]) {
        self.plugin = plugin
        self.allowed = allowed
        self.defaults = defaults
    }

    /// Reads the marks of the plugin's metric types.
    ///
    /// - Returns: a message for each type that cannot be checked and is therefore refused.
    func handshakeCompleted(_ types: [MetricTypeDescription]) -> [String] {
        let found = Dictionary(types.map { ($0.type, MetricMarks($0)) }) { first, _ in first }
        marks.withLock { $0 = found }
        let ineffective = types.compactMap { type in found[type.type].flatMap { ineffectiveDefault(type.type, $0) } }
        guard allowed != nil else { return ineffective }
        return ineffective + types.filter { found[$0.type]?.addresses == nil }.map { unguarded($0.type) }
    }

    /// Returns a metric's own config over the defaults. Defaults with a credential are omitted if the config names a
    /// server that they are not meant for.
    func defaulted(type: String, own: JSON) -> DefaultedConfig {
        guard let marks = marks.withLock({ $0[type] }), let addresses = marks.addresses else {
            return DefaultedConfig(own, defaults: defaults)
        }
        let isForeign =
            addresses.fields(of: own).contains { !mayGetCredentials($0, own, marks) }
            || memberThatHidesServer(in: own, marks, addresses) != nil
        let withheld = isForeign ? marks.credentialMembers(of: defaults) : []
        return DefaultedConfig(own, defaults: defaults, withheld: withheld)
    }

    /// Returns the member of a metric's own config, if any, that changes the server without naming an address: it
    /// removes an address of the defaults, for example with null, or lets another server impersonate it.
    private func memberThatHidesServer(
        in own: JSON, _ marks: MetricMarks, _ addresses: MarkedFields
    ) -> String? {
        func members(_ config: JSON) -> Set<String> {
            Set(addresses.fields(of: config).filter { !$0.texts.isEmpty }.map(\.topLevelName))
        }
        let named = members(own)
        return members(.object(defaults)).first { own[$0] != nil && !named.contains($0) }
            ?? marks.memberThatChoosesTrust(in: own, defaults: defaults)
    }

    /// Returns whether a config may be used, and the source that it reads.
    func examine(type: String, config: PluginConfig) -> (refusal: PluginFailure?, source: String) {
        guard let marks = marks.withLock({ $0[type] }) else {
            guard allowed != nil || !config.inherited.isEmpty else { return (nil, "") }
            let refusal = PluginFailure(
                .notRunning, plugin: plugin,
                "plugin \(plugin) has not declared yet which fields of metric type \"\(type)\" are addresses")
            return (refusal, "")
        }
        if let message = ineffectiveDefault(type, marks) {
            return (refused(ConfigProblem(path: "", message: message)), "")
        }
        guard let addresses = marks.addresses else {
            let message = allowed == nil ? nil : unguarded(type)
            return (message.map { refused(ConfigProblem(path: "", message: $0)) }, "")
        }
        let fields = addresses.fields(of: config.json).filter { !$0.value.isNull }
        let usesCredential = marks.usesOperatorCredential(config)
        for field in fields where !config.inherited.contains(field.topLevelName) {
            if let problem = objection(to: field, config, marks, usesCredential) { return (refused(problem), "") }
        }
        if usesCredential {
            let own = (config.json.objectValue ?? [:]).filter { !config.inherited.contains($0.key) }
            if let name = memberThatHidesServer(in: .object(own), marks, addresses) {
                return (refused(Self.hiddenServer(name)), "")
            }
        }
        return (nil, fields.flatMap(\.texts).joined(separator: ","))
    }

    /// Returns whether a config differs from an earlier one in secrets alone. False for an unknown type.
    func isRenewal(type: String, of old: PluginConfig, by new: PluginConfig) -> Bool {
        guard let marks = marks.withLock({ $0[type] }), old.inherited == new.inherited else { return old == new }
        return marks.isRenewal(of: old.json, by: new.json)
    }

    private static func hiddenServer(_ name: String) -> ConfigProblem {
        ConfigProblem(
            path: name,
            message:
                "determines which server is contacted or trusted, and this metric uses the administrator's credentials: use "
                + "your own credentials, or ask the administrator to set it in the defaults of plugins.yaml")
    }

    private func objection(
        to field: MarkedFields.Field, _ config: PluginConfig, _ marks: MetricMarks, _ usesCredential: Bool
    ) -> ConfigProblem? {
        guard let texts = Self.texts(field.value) else {
            return ConfigProblem(path: field.path, message: "must be an address, as text")
        }
        if let allowed {
            let own = defaultTexts(marks)
            for text in texts where !own.contains(text) {
                guard let message = objection(to: text, allowed, isSecret: isSecret(text, field, config, marks)) else {
                    continue
                }
                return ConfigProblem(path: field.path, message: message)
            }
        }
        guard usesCredential, !mayGetCredentials(field, config.json, marks) else { return nil }
        return ConfigProblem(
            path: field.path,
            message:
                "is not an address to which the administrator's credentials, which this metric uses, may be sent: use your own "
                + "credentials, or ask the administrator to add it to \(setting) as {address: ..., credentials: true}")
    }

    /// Returns whether a credential of the administrator may be sent to the server in the field.
    private func mayGetCredentials(_ field: MarkedFields.Field, _ config: JSON, _ marks: MetricMarks) -> Bool {
        if field.value.isNull || isDefault(field, config, marks) { return true }
        guard let texts = Self.texts(field.value) else { return false }
        return texts.allSatisfy { text in
            guard let address = ServerAddress(text) else { return false }
            return allowed?.contains { $0.takesCredentials && $0.pattern.allows(address) } ?? false
        }
    }

    /// Returns whether the field has exactly the value of the defaults. A default with a secret is never compared,
    /// because the result would confirm a correct guess.
    private func isDefault(_ field: MarkedFields.Field, _ config: JSON, _ marks: MetricMarks) -> Bool {
        let name = field.topLevelName
        guard let own = defaults[name], config[name] == own else { return false }
        return !marks.holdsSecret(name, own)
    }

    /// Returns the addresses in the defaults, except those in members with a secret.
    private func defaultTexts(_ marks: MetricMarks) -> Set<String> {
        let open = defaults.filter { !marks.holdsSecret($0.key, $0.value) }
        return Set(marks.addresses?.fields(of: .object(open)).flatMap(\.texts) ?? [])
    }

    private func isSecret(
        _ text: String, _ field: MarkedFields.Field, _ config: PluginConfig, _ marks: MetricMarks
    ) -> Bool {
        config.secrets.contains(text) || marks.isSecret(field.path, in: config.json)
    }

    private static func texts(_ value: JSON) -> [String]? {
        guard let elements = value.arrayValue else { return value.stringValue.map { [$0] } }
        let texts = elements.compactMap(\.stringValue)
        return texts.count == elements.count ? texts : nil
    }

    private func objection(to text: String, _ allowed: [AllowedAddress], isSecret: Bool) -> String? {
        guard let address = ServerAddress(text) else {
            return "is not written as a plain scheme://host:port, so it is unknown whether \(setting) allows it"
        }
        guard !allowed.contains(where: { $0.pattern.allows(address) }) else { return nil }
        let shown = isSecret ? "an address from a Secret" : "\"\(Self.withoutUser(text, address))\""
        let entry = isSecret ? "its scheme://host:port" : shown
        return
            "\(shown) is not allowed for plugin \(plugin): to allow it, ask the administrator to add \(entry) to "
            + setting
    }

    /// Returns the address in the form of an entry of the list.
    private static func withoutUser(_ text: String, _ address: ServerAddress) -> String {
        if address.scheme == "unix" { return text }
        let scheme = address.scheme.map { $0 + "://" } ?? ""
        let place = text.dropFirst(address.scheme.map { $0.count + 3 } ?? 0).prefix { !"/?#".contains($0) }
        return scheme + (place.split(separator: "@").last ?? place)
    }

    /// Returns the message about a default that would have no effect, because the host fills the field in.
    private func ineffectiveDefault(_ type: String, _ marks: MetricMarks) -> String? {
        marks.filledMember(of: defaults).map { name, source in
            "plugins.\(plugin).defaults.\(name) in plugins.yaml would have no effect: the operator fills in this field of "
                + "metric type \"\(type)\" with \(source.rawValue). Remove it from plugins.yaml"
        }
    }

    private func unguarded(_ type: String) -> String {
        "\(setting) is set, but metric type \"\(type)\" of the plugin marks no field as an address (x-address), so "
            + "it cannot be enforced. Update the plugin, or remove allowedAddresses"
    }

    private var setting: String { "plugins.\(plugin).allowedAddresses in plugins.yaml" }

    private func refused(_ problem: ConfigProblem) -> PluginFailure {
        PluginFailure(.addressRefused(problem), plugin: plugin, problem.description)
    }
}

/// An entry of `allowedAddresses`.
struct AllowedAddress: Sendable, Hashable {
    let pattern: AddressPattern
    /// Whether the administrator's credentials may be sent there too.
    var takesCredentials = false
}

extension MarkedFields.Field {
    /// The config's member that contains the field.
    fileprivate var topLevelName: String { String(path.prefix { $0 != "." && $0 != "[" }) }
}
