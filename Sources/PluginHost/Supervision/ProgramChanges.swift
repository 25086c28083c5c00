import PluginProtocol
import WireFormats

/// Detects a new version of a plugin's file: it differs from the running one, and has stopped changing.
struct ProgramChanges {
    private var lastSeen: ProgramFile.Fingerprint?
    private var refused: ProgramFile.Fingerprint?

    /// - Parameters:
    ///   - found: the current file.
    ///   - running: the file of the running process.
    mutating func isNewVersion(_ found: ProgramFile.Fingerprint?, running: ProgramFile.Fingerprint?) -> Bool {
        defer { lastSeen = found }
        guard let found, let running, found != running, found != refused else { return false }
        // A file that is being copied is still changing.
        return found == lastSeen
    }

    /// Records that a version failed its trial. It is not retried until the file changes again.
    mutating func refuse(_ version: ProgramFile.Fingerprint?) {
        refused = version
    }
}

/// The last valid configs of a plugin, which its next version has to accept too.
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
