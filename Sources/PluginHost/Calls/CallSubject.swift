/// The subject of a call, and the party that it is made for.
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

/// Those who share a plugin fairly: the callers of one namespace that ask one source.
struct CallParty: Hashable, Sendable {
    /// Nil for calls without competing parties, such as those of the command line.
    var namespace: String?
    /// The addresses of the source, as the config names them; empty if it names none.
    var source = ""
    /// The plugin has ended while it worked on this config: it is tried alone.
    var isSuspect = false
}

/// On whose behalf the current task calls plugins.
package enum CallOrigin {
    @TaskLocal package static var namespace: String?
}
