import PluginProtocol
import WireFormats

/// When a plugin's file has become a new version of it: it differs from what runs, and has stopped changing.
struct ProgramChanges {
    private var lastSeen: ProgramFile.Fingerprint?
    private var refused: ProgramFile.Fingerprint?

    /// - Parameters:
    ///   - found: what lies there now.
    ///   - running: what the running process was started from.
    mutating func isNewVersion(_ found: ProgramFile.Fingerprint?, running: ProgramFile.Fingerprint?) -> Bool {
        defer { lastSeen = found }
        guard let found, let running, found != running, found != refused else { return false }
        // A file that is being copied still changes.
        return found == lastSeen
    }

    /// Records that a version failed its trial. It is not retried until the file changes again.
    mutating func refuse(_ version: ProgramFile.Fingerprint?) {
        refused = version
    }
}

/// The configs that a plugin last called valid, which its next version has to accept too.
struct RememberedConfigs {
    private struct Key: Hashable {
        let type: String
        let config: PluginConfig
    }

    private var order: [Key] = []

    var all: [(type: String, config: PluginConfig)] { order.map { ($0.type, $0.config) } }

    mutating func remember(_ type: String, _ config: PluginConfig, _ verdict: ValidateConfigResult) {
        let key = Key(type: type, config: config)
        order.removeAll { $0 == key }
        guard case .valid = verdict else { return }
        if order.count >= PluginHostLimits.maxRememberedConfigs { order.removeFirst() }
        order.append(key)
    }
}
