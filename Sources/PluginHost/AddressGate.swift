import PluginProtocol
import Synchronization
import WireFormats

/// Keeps one plugin from being aimed at servers that the operator's owner did not allow.
///
/// An address is what the metric type's schema marks with `"x-address": true`. What the owner wrote into the plugin's
/// `defaults` is allowed, and so is a field that is left out: the plugin's own default is no choice of the config.
final class AddressGate: Sendable {
    private let plugin: String
    private let patterns: [AddressPattern]
    private let defaults: JSON
    /// By metric type; nil where its schema marks nothing.
    private let marks = Mutex<[String: MarkedFields?]>([:])

    init(plugin: String, patterns: [AddressPattern], defaults: [String: JSON]) {
        self.plugin = plugin
        self.patterns = patterns
        self.defaults = .object(defaults)
    }

    /// Takes what the plugin offers.
    ///
    /// - Returns: a message for each type that cannot be guarded, and that is refused for it.
    func handshaken(_ types: [MetricTypeDescription]) -> [String] {
        let found = types.map { ($0.type, MarkedFields("x-address", in: $0.configSchema)) }
        marks.withLock { $0 = Dictionary(found) { first, _ in first } }
        return found.filter { $0.1 == nil }.map { unguarded($0.0) }
    }

    /// Why this config may not be used; nil where it may.
    func refusal(type: String, config: PluginConfig) -> PluginFailure? {
        guard let known = marks.withLock({ $0[type] }) else {
            return PluginFailure(
                .notRunning, plugin: plugin,
                "plugin \(plugin) has not said yet which fields of metric type \"\(type)\" are addresses")
        }
        guard let marks = known else { return failure(ConfigProblem(path: "", message: unguarded(type))) }
        let own = Set(marks.fields(of: defaults).flatMap(\.texts))
        for field in marks.fields(of: config.json) where !field.value.isNull {
            guard let texts = Self.texts(field.value) else {
                return failure(ConfigProblem(path: field.path, message: "must be an address, as text"))
            }
            for text in texts where !own.contains(text) {
                if let message = objection(to: text, isSecret: config.secrets.contains(text)) {
                    return failure(ConfigProblem(path: field.path, message: message))
                }
            }
        }
        return nil
    }

    private static func texts(_ value: JSON) -> [String]? {
        guard let elements = value.arrayValue else { return value.stringValue.map { [$0] } }
        let texts = elements.compactMap(\.stringValue)
        return texts.count == elements.count ? texts : nil
    }

    private func objection(to text: String, isSecret: Bool) -> String? {
        guard let address = ServerAddress(text) else {
            return "is not written as a plain scheme://host:port, so it cannot be told whether \(setting) allows it"
        }
        guard !patterns.contains(where: { $0.allows(address) }) else { return nil }
        let shown = isSecret ? "an address from a Secret" : "\"\(Self.withoutUser(text, address))\""
        let entry = isSecret ? "its scheme://host:port" : shown
        return
            "\(shown) is not allowed for plugin \(plugin): if it should be, have the operator's owner add \(entry) to "
            + setting
    }

    /// The address as it would stand in the list.
    private static func withoutUser(_ text: String, _ address: ServerAddress) -> String {
        if address.scheme == "unix" { return text }
        let scheme = address.scheme.map { $0 + "://" } ?? ""
        let place = text.dropFirst(address.scheme.map { $0.count + 3 } ?? 0).prefix { !"/?#".contains($0) }
        return scheme + (place.split(separator: "@").last ?? place)
    }

    private func unguarded(_ type: String) -> String {
        "\(setting) is set, but metric type \"\(type)\" of the plugin marks no field as an address (x-address), so "
            + "nothing could be held to it. Update the plugin, or take allowedAddresses away"
    }

    private var setting: String { "plugins.\(plugin).allowedAddresses in plugins.yaml" }

    private func failure(_ problem: ConfigProblem) -> PluginFailure {
        PluginFailure(.addressRefused(problem), plugin: plugin, problem.description)
    }
}
