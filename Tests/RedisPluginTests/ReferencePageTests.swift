import Foundation
import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_redis

@Suite struct ReferencePageTests {
    @Test func `the reference page shows the fields of the schema`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let page = try String(contentsOf: root.appending(path: "docs/reference/plugins/redis.md"), encoding: .utf8)
        let table = ConfigTable.markdown(ofSchema: .object(RedisConfig.configSchema))
        #expect(
            page.contains("\n\n" + table + "\n"),
            "replace the table of docs/reference/plugins/redis.md by:\n\(table)")
    }

    @Test func `of the example configs the good one is right and the bad one is not`() throws {
        _ = try RedisConfig(parsing: try ExampleConfig.text("redis", "good"))
        let bad = try ExampleConfig.text("redis", "bad")
        let problems = #expect(throws: ConfigProblems.self) { try RedisConfig(parsing: bad) }
        #expect((problems?.problems.count ?? 0) > 0)
    }
}
