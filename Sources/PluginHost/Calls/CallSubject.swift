/// The subject of a call, and the party on whose behalf it is made.
struct CallSubject: Sendable {
    let type: String
    let config: PluginConfig
    /// The party; not part of the subject.
    var party = CallParty()

    /// The identity of the subject.
    struct Key: Hashable, Sendable {
        let type: String
        let config: PluginConfig
    }

    var key: Key { Key(type: type, config: config) }
}

/// A party for the fair division of a plugin's calls: the callers of one namespace that read one source.
struct CallParty: Hashable, Sendable {
    /// Nil for calls without competing parties, such as those of the command line.
    var namespace: String?
    /// The addresses of the source in the config; empty if it names none.
    var source = ""
    /// Whether the plugin has crashed while working on this config, so that it is tried alone.
    var isSuspect = false
}

/// On whose behalf the current task calls plugins.
package enum CallOrigin {
    @TaskLocal package static var namespace: String?
}
