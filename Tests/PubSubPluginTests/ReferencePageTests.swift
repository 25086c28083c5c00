import Foundation
import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_pubsub

@Suite struct ReferencePageTests {
    @Test func `the reference page shows the fields of the schema`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let page = try String(contentsOf: root.appending(path: "docs/reference/plugins/pubsub.md"), encoding: .utf8)
        let table = ConfigTable.markdown(ofSchema: .object(PubSubConfig.configSchema))
        #expect(
            page.contains("\n\n" + table + "\n"),
            "replace the table of docs/reference/plugins/pubsub.md by:\n\(table)")
    }

    @Test func `of the example configs the good one is right and the bad one is not`() throws {
        _ = try PubSubConfig(parsing: try ExampleConfig.text("pubsub", "good"))
        let bad = try ExampleConfig.text("pubsub", "bad")
        let problems = #expect(throws: ConfigProblems.self) { try PubSubConfig(parsing: bad) }
        #expect((problems?.problems.count ?? 0) > 0)
    }
}
