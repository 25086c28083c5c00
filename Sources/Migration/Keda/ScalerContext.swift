import ScalerAPI
package import WireFormats

/// What the conversion of one scaler collects besides the scaler itself.
final class ScalerContext {
    let name: String
    let namespace: String?
    let objects: SourceObjects
    /// Whether the scaler may go to 0 replicas.
    var scalesToZero = false
    /// The keys of the Secret that the user has to create, each with what its value is.
    private(set) var keysToCreate: [String: String] = [:]
    private(set) var tasks: [SecretTask] = []
    private(set) var plugins = PluginAdditions()

    /// The maximum length of an object's name.
    private static let maxNameLength = 253
    private static let secretSuffix = "-migrated"

    init(name: String, namespace: String?, objects: SourceObjects) {
        self.name = name
        self.namespace = namespace
        self.objects = objects
    }

    /// The name of the Secret for values that no Secret of the source has in the form that is needed.
    var secretName: String { name.prefix(Self.maxNameLength - Self.secretSuffix.count) + Self.secretSuffix }

    /// Returns a reference to a key of the Secret that the user has to create.
    ///
    /// - Parameter contents: what the value is, such as "the password in `spec.triggers[0].metadata.password`".
    func secretToCreate(key: String, contents: String) -> JSON {
        let key = String(key.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) ? $0 : "-" })
        var free = key
        var number = 2
        while let taken = keysToCreate[free], taken != contents {
            free = "\(key)-\(number)"
            number += 1
        }
        keysToCreate[free] = contents
        return Self.reference(secretName, free)
    }

    /// Returns a reference to a key of a Secret of the scaler's namespace, which needs a label.
    func secret(name: String, key: String) -> JSON {
        add(SecretTask(namespace: namespace, name: name, work: .label))
        return Self.reference(name, key)
    }

    func add(_ task: SecretTask) {
        if !tasks.contains(task) { tasks.append(task) }
    }

    /// The work on the Secrets that a scaler refers to. A value that a rule read, and that the result does not contain,
    /// needs none.
    func secretTasks(for scaler: JSON) -> [SecretTask] {
        var used: [String: Set<String>] = [:]
        Self.collectReferences(scaler, &used)
        let tasks = tasks.filter { used[$0.name] != nil }
        let copied = Set(tasks.compactMap { if case .copy = $0.work { $0.name } else { nil } })
        // A copy is labeled with its own commands.
        let others = tasks.filter { $0.work != .label || !copied.contains($0.name) }
        let keys = keysToCreate.filter { used[secretName]?.contains($0.key) == true }
        guard !keys.isEmpty else { return others }
        return others + [SecretTask(namespace: namespace, name: secretName, work: .create(keys: keys))]
    }

    /// Collects the keys of the Secrets to which a value refers.
    private static func collectReferences(_ json: JSON, _ keys: inout [String: Set<String>]) {
        if let reference = json["secretKeyRef"], let name = reference["name"]?.stringValue {
            keys[name, default: []].insert(reference["key"]?.stringValue ?? "")
        }
        for member in json.objectValue?.values.map({ $0 }) ?? json.arrayValue ?? [] {
            collectReferences(member, &keys)
        }
    }

    static func reference(_ name: String, _ key: String) -> JSON {
        ["valueFrom": ["secretKeyRef": ["name": .string(name), "key": .string(key)]]]
    }

    func allowCredentials(plugin: String, address: String) { plugins.allowCredentials(plugin, address: address) }
    func allowSigning(plugin: String, service: String) { plugins.allowSigning(plugin, service: service) }
    func needDefault(plugin: String, field: String, value: String) { plugins.add(plugin, field: field, value: value) }
}

/// Entries for the operator's `plugins.yaml`.
package struct PluginAdditions: Sendable, Hashable {
    private struct Entry: Hashable {
        var defaults: [String: String] = [:]
        /// Where the operator's credentials are sent to.
        var addresses: Set<String> = []
        /// The other servers, which a list of allowed addresses has to name.
        var others: Set<String> = []
        var services: Set<String> = []
    }

    private var entries: [String: Entry] = [:]

    package var isEmpty: Bool { entries.isEmpty }

    mutating func allowCredentials(_ plugin: String, address: String) {
        entries[plugin, default: Entry()].addresses.insert(address)
    }

    mutating func allowSigning(_ plugin: String, service: String) {
        entries[plugin, default: Entry()].services.insert(service)
    }

    mutating func add(_ plugin: String, field: String, value: String) {
        entries[plugin, default: Entry()].defaults[field] = value
    }

    mutating func merge(_ other: PluginAdditions) {
        for (plugin, entry) in other.entries {
            var merged = entries[plugin] ?? Entry()
            merged.defaults.merge(entry.defaults) { first, _ in first }
            merged.addresses.formUnion(entry.addresses)
            merged.others.formUnion(entry.others)
            merged.services.formUnion(entry.services)
            entries[plugin] = merged
        }
    }

    /// The fields of configs that name servers.
    private static let addressFields = [["address"], ["url"], ["auth", "oauth2", "tokenURL"]]

    /// Adds the servers of a scaler's metrics to the plugins that have a list of allowed addresses, which forbids all
    /// others.
    mutating func allowServers(of scaler: JSON) {
        for metric in scaler["spec"]?["metrics"]?.arrayValue ?? [] {
            guard let plugin = metric["type"]?.stringValue, entries[plugin]?.addresses.isEmpty == false else {
                continue
            }
            for field in Self.addressFields {
                let value = field.reduce(metric["config"]) { $0?[$1] }
                if let address = value?.stringValue { entries[plugin]?.others.insert(Address.origin(address)) }
            }
        }
    }

    /// Whether a plugin gets a list of allowed addresses.
    package var hasAllowedAddresses: Bool { entries.values.contains { !$0.addresses.isEmpty } }

    /// The contents of `plugins.yaml`.
    package var json: JSON {
        ["plugins": .object(entries.mapValues { Self.json($0) })]
    }

    private static func json(_ entry: Entry) -> JSON {
        var members: [String: JSON] = [:]
        if !entry.defaults.isEmpty { members["defaults"] = .object(entry.defaults.mapValues { .string($0) }) }
        if !entry.addresses.isEmpty {
            members["allowedAddresses"] = .array(
                entry.addresses.sorted().map { ["address": .string($0), "credentials": true] }
                    + entry.others.subtracting(entry.addresses).sorted().map { .string($0) })
        }
        if !entry.services.isEmpty {
            let services = entry.services.sorted().joined(separator: " ")
            members["env"] = ["GENERALSCALER_SIGV4_SERVICES": .string(services)]
        }
        return .object(members)
    }
}
