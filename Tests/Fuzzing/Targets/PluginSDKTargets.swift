import PluginProtocol
import SourceSupport
import WireFormats

@testable import PluginSDK
@testable import generalscaler_plugin_http
@testable import generalscaler_plugin_kafka
@testable import generalscaler_plugin_keda
@testable import generalscaler_plugin_postgresql
@testable import generalscaler_plugin_prometheus
@testable import generalscaler_plugin_pubsub
@testable import generalscaler_plugin_redis

extension FuzzTarget {
    /// The plugin's side of a conversation: before and after `initialize`.
    static let pluginRequests = FuzzTarget("plugin-requests") { (input) throws(FuzzFinding) in
        for beginning in [unopened, opened] {
            let whole = try steps(of: [input[...]], after: beginning)
            let pieces = try steps(of: Chunks.of(input), after: beginning)
            try require(pieces == whole, "in pieces the host gets \(pieces), at once \(whole)")
        }
    }

    private static let start = ContinuousClock.now
    private static let identity = PrometheusPlugin.identity

    private nonisolated(unsafe) static let unopened = ServeSession(identity: identity) { _, config in
        do throws(ConfigProblems) {
            _ = try PrometheusConfig(config: JSONReader(config))
            return .valid(targetType: nil)
        } catch {
            return .invalid(error.problems)
        }
    }

    /// A session that has answered `initialize`.
    private nonisolated(unsafe) static let opened: ServeSession = {
        var session = unopened
        let request = PluginRequest.initialize(InitializeParams(hostName: "fuzz", hostVersion: "1"))
        _ = session.receive(.complete(request.line(id: 1, deadlineMs: 0).dropLast()), now: start)
        return session
    }()

    private static func steps(
        of chunks: [ArraySlice<UInt8>], after beginning: ServeSession
    ) throws(FuzzFinding) -> [ServeSession.Step] {
        var session = beginning
        var splitter = LineSplitter(maxBytes: identity.capabilities.maxRequestBytes)
        var steps: [ServeSession.Step] = []
        for chunk in chunks {
            splitter.append(chunk)
            while let line = splitter.next() {
                let step = session.receive(line, now: start)
                try check(step)
                steps.append(step)
            }
        }
        return steps.filter { $0 != .nothing }
    }

    private static func check(_ step: ServeSession.Step) throws(FuzzFinding) {
        let answer: [UInt8]
        switch step {
        case .answer(let line), .abandon(_, let line), .shutDown(let line): answer = line
        case .nothing, .start: return
        }
        // A shutdown answers open calls too.
        for line in answer.split(separator: 0x0A) {
            try require(line.count <= ProtocolLimits.maxResponseBytes, "an answer of \(line.count) bytes")
            let json = try? JSON(parsing: line)
            try require(json?["jsonrpc"] == "2.0" && json?["id"] != nil, "the answer is not an answer")
        }
        try require(answer.last == 0x0A, "the answer is not a line")
    }

    /// A config of each source.
    static let pluginConfigs = FuzzTarget("plugin-configs") { (input) throws(FuzzFinding) in
        guard let json = try? JSON(parsing: input) else { return }
        try decode(PrometheusConfig.self, json)
        if let config = try decode(HTTPSourceConfig.self, json) { _ = try? Selection(config) }
        try decode(KafkaConfig.self, json)
        try decode(KedaConfig.self, json)
        if let config = try decode(PostgresConfig.self, json) { _ = try? PostgresEndpoint(config, files: NoFiles()) }
        if let config = try decode(PubSubConfig.self, json) { _ = try? Query(config) }
        if let config = try decode(RedisConfig.self, json) {
            _ = Measurement(config)
            _ = try? Deployment(config, files: NoFiles())
        }
    }

    @discardableResult
    private static func decode<Config: MetricConfig>(_: Config.Type, _ json: JSON) throws(FuzzFinding) -> Config? {
        do throws(ConfigProblems) {
            let config = try Config(config: JSONReader(json))
            _ = config.configJSON.encoded()
            return config
        } catch {
            for problem in error.problems { try requireShort(problem.message, "the problem") }
            return nil
        }
    }
}

/// A reader that denies access to all files.
struct NoFiles: SourceSupport.FileReader {
    func contents(of path: String) throws(FileError) -> [UInt8] {
        throw FileError(path: path, reason: "there are no files", isDenied: true)
    }
}
