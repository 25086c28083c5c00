import Foundation
import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_prometheus

@Suite struct ReferencePageTests {
    @Test func `the reference page shows the fields of the schema`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let page = try String(contentsOf: root.appending(path: "docs/reference/plugins/prometheus.md"), encoding: .utf8)
        let table = ConfigTable.markdown(ofSchema: .object(PrometheusConfig.configSchema))
        #expect(
            page.contains("\n\n" + table + "\n"),
            "replace the table of docs/reference/plugins/prometheus.md by:\n\(table)")
    }

    @Test func `of the example configs the good one is right and the bad one is not`() throws {
        _ = try PrometheusConfig(parsing: try ExampleConfig.text("prometheus", "good"))
        let bad = try ExampleConfig.text("prometheus", "bad")
        let problems = #expect(throws: ConfigProblems.self) { try PrometheusConfig(parsing: bad) }
        #expect((problems?.problems.count ?? 0) > 0)
    }
}
