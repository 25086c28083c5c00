import FoundationEssentials
import ServiceLifecycle

/// The sources of the metrics: installed servers, and the one that the demo contains.
struct DemoServers: Sendable {
    let prometheus: DemoPrometheus?
    let redis: DemoRedis?
    let google: DemoGoogle

    init(directory: String, google: DemoGoogle) throws {
        self.google = google
        prometheus = Self.isInstalled("prometheus") ? DemoPrometheus(directory: directory) : nil
        redis = Self.isInstalled("redis-server") ? try DemoRedis() : nil
        try prometheus?.prepare()
    }

    var services: [any Service] {
        [prometheus as (any Service)?, redis, google].compactMap(\.self)
    }

    /// The omitted parts, and how to enable them.
    var gaps: [String] {
        [
            prometheus == nil ? Self.gap("http-app", "prometheus") : nil,
            redis == nil ? Self.gap("worker", "redis-server") : nil,
        ].compactMap(\.self)
    }

    private static func gap(_ app: String, _ program: String) -> String {
        "Without \(app): it needs \(program), which is not installed (sudo apt-get install \(program))."
    }

    static func isInstalled(_ program: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
        }
    }
}
