package import PluginProtocol
import Synchronization
import WireFormats

/// An available metric type and its plugin.
package struct InstalledMetricType: Sendable, Hashable {
    package let description: MetricTypeDescription
    /// The plugin's name among the installed ones.
    package let plugin: String
    /// The name in the plugin's handshake.
    package let pluginName: String
    package let pluginVersion: String
    /// Whether the plugin can push readings of this type.
    package var pushes: Bool
    /// The config fields that the host fills in.
    package let filledFields: FilledFields

    package init(
        description: MetricTypeDescription, plugin: String, pluginName: String, pluginVersion: String,
        pushes: Bool = false
    ) {
        self.description = description
        self.plugin = plugin
        self.pluginName = pluginName
        self.pluginVersion = pluginVersion
        self.pushes = pushes
        // The handshake has refused a schema that is malformed here.
        filledFields = (try? FilledFields(JSONReader(description.configSchema))) ?? .none
    }
}

/// Maps metric types to plugins.
///
/// A plugin named T provides type T even before its first handshake, which declares any other types. A type stays with
/// its plugin while that is down, so that a crash does not look like a missing type.
struct TypeRegistry {
    private var owners: [String: String]
    private var offers: [String: InstalledMetricType] = [:]
    /// Plugins that have not completed the handshake yet.
    private var silent: Set<String>
    private let directories: [String]

    /// - Parameters:
    ///   - plugins: the names of the plugins.
    ///   - directories: the plugin directories, for messages.
    init(plugins: [String], directories: [String]) {
        owners = Dictionary(uniqueKeysWithValues: plugins.map { ($0, $0) })
        silent = Set(plugins)
        self.directories = directories
    }

    var installed: [String: InstalledMetricType] { offers }

    /// Takes a plugin that was installed while the host runs.
    mutating func add(_ plugin: String) {
        if owners[plugin] == nil { owners[plugin] = plugin }
        silent.insert(plugin)
    }

    /// Takes what a plugin offers.
    ///
    /// - Returns: a message for each type that another plugin already provides and keeps.
    mutating func handshakeCompleted(_ plugin: String, _ initialized: InitializeResult) -> [String] {
        silent.remove(plugin)
        for (type, owner) in owners where owner == plugin {
            owners[type] = nil
            offers[type] = nil
        }
        var conflicts: [String] = []
        for description in initialized.metricTypes {
            if let owner = owners[description.type] {
                conflicts.append(
                    "plugin \(plugin) offers metric type \"\(description.type)\", which plugin \(owner) already offers; "
                        + "\(owner) keeps it. Remove one of the two, or rename its type")
                continue
            }
            owners[description.type] = plugin
            offers[description.type] = InstalledMetricType(
                description: description, plugin: plugin, pluginName: initialized.pluginName,
                pluginVersion: initialized.pluginVersion, pushes: initialized.capabilities.subscribe)
        }
        return conflicts
    }

    /// Returns the name of the plugin that provides the type.
    func owner(of type: String) -> String? { owners[type] }

    /// Returns the plugins that have to complete their first handshake before a call about the type can be made: the
    /// plugin that provides the type, or every plugin that may provide it.
    func awaited(for type: String) -> [String] {
        guard !silent.isEmpty else { return [] }
        guard let owner = owners[type] else { return silent.sorted() }
        return silent.contains(owner) ? [owner] : []
    }

    /// Returns the failure for a type that no plugin provides.
    func unknown(_ type: String) -> PluginFailure {
        if !silent.isEmpty {
            let names = silent.sorted().joined(separator: ", ")
            return PluginFailure(
                .notRunning, plugin: nil,
                "no running plugin offers metric type \"\(type)\", but \(names) have not started yet and may offer it",
                retryAfter: PluginHostLimits.firstRestartDelay)
        }
        let types = offers.keys.sorted().joined(separator: ", ")
        let places = directories.isEmpty ? "no directory" : directories.joined(separator: ", ")
        return PluginFailure(
            .unknownType, plugin: nil,
            "metric type \"\(type)\" is not installed. Installed: \(types.isEmpty ? "none" : types). Correct the type, "
                + "or put an executable named \(PluginDiscovery.prefix)\(type) into a plugin directory "
                + "(searched: \(places))")
    }
}

/// The registry, which callers read and handshakes change.
final class SharedTypeRegistry: Sendable {
    let types: Mutex<TypeRegistry>

    init(_ types: TypeRegistry) {
        self.types = Mutex(types)
    }
}
