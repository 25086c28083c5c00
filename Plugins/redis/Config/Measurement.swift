import PluginSDK

/// The measurement that a config requests.
enum Measurement: Hashable, Sendable {
    case list(String)
    case stream(key: String, StreamMeasure)
    case set(String)
    case sortedSet(String, min: String, max: String)
    case hash(String)
    case number(String)
    case lists([String])
    case script(source: String, keys: [String], arguments: [String])

    enum StreamMeasure: Hashable, Sendable {
        case lag(group: String)
        case pending(group: String)
        case length
    }

    /// Creates a measurement; nil if the config names none, which its validation refuses.
    init?(_ config: RedisConfig) {
        if let key = config.list {
            self = .list(key)
        } else if let stream = config.stream {
            guard let measure = StreamMeasure(stream) else { return nil }
            self = .stream(key: stream.key, measure)
        } else if let key = config.set {
            self = .set(key)
        } else if let sortedSet = config.sortedSet {
            self = .sortedSet(sortedSet.key, min: sortedSet.min, max: sortedSet.max)
        } else if let key = config.hash {
            self = .hash(key)
        } else if let key = config.key {
            self = .number(key)
        } else if let keys = config.keys {
            self = .lists(keys)
        } else if let script = config.script {
            self = .script(source: script.source, keys: script.keys, arguments: script.args)
        } else {
            return nil
        }
    }
}

extension Measurement {
    /// The keys and their type that determine the value; nil if unknown.
    var watched: (keys: Set<String>, type: KeyType)? {
        switch self {
        case .list(let key): ([key], .list)
        case .lists(let keys): (Set(keys), .list)
        case .stream(let key, _): ([key], .stream)
        case .set(let key): ([key], .set)
        case .sortedSet(let key, _, _): ([key], .sortedSet)
        case .hash(let key): ([key], .hash)
        case .number(let key): ([key], .string)
        case .script: nil
        }
    }
}

extension Measurement.StreamMeasure {
    fileprivate init?(_ stream: StreamConfig) {
        switch (stream.measure, stream.group) {
        case (.length, _): self = .length
        case (.lag, let group?): self = .lag(group: group)
        case (.pending, let group?): self = .pending(group: group)
        default: return nil
        }
    }
}
