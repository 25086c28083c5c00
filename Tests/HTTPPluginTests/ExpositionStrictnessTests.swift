import Foundation
import HTTPTransport
import TestSupport
import Testing
import WireFormats

@testable import generalscaler_plugin_http

/// The parser accepts and rejects what the real Prometheus does.
@Suite("strictness of the Prometheus parser", .timeLimit(.minutes(3)))
struct ExpositionStrictnessTests {
    struct Page: Sendable {
        let text: String
        let isOpenMetrics: Bool

        var isAccepted: Bool {
            var parser = ExpositionParser(Array(text.utf8), isOpenMetrics: isOpenMetrics)
            return (try? parser.eachSample(named: "a") { _ in }) != nil
        }
    }

    private static let texts = [
        "", "\n", "a 1", "a 1\n", " a 1\n", "\ta\t1\n", "a  1  5\n", "a 1 5 \n", "a 1 5 6\n", "a\n", "a \n", "a 1 x\n",
        "a 1 1.5\n", "a 1 -5\n", "a{} 1\n", "a{b=\"c\"}1\n", "a{b=\"c\"} 1\n", "a{b=\"c\",} 1\n", "a{,} 1\n",
        "a{b=\"c\",,} 1\n", "a{b=c} 1\n", "a{b='c'} 1\n", "a{1b=\"c\"} 1\n",
        "a{b:=\"c\"} 1\n",
        "a{b=\"c} 1\n", "a{b=\"\\x\"} 1\n", "a{b=\"x\ny\"} 1\n", "a {b=\"c\"} 1\n", "a{ b = \"c\" , } 1\n", "1a 1\n",
        "a:b 1\n", "a-b 1\n", "a 0x1p3\n", "a 1_0\n", "a 1e999\n", "a 1e-999\n", "a .5\n", "a 5.\n", "a .\n", "a +1\n",
        "a nan\n", "a NaN\n", "a Inf\n", "a -inf\n", "a infinity\n", "a +nan\n", "a --1\n", "a 1\r\n", "a 1,5\n",
        "# HELP a b\n", "# HELP a\n", "# HELP\n", "# HELP \n", "# TYPE a counter\n", "# TYPE a untyped\n",
        "# TYPE a unknown\n", "# TYPE a\n", "# TYPE a counter \n", "# TYPE a  counter\n", "#TYPE a x\n", "#\n", "# x\n",
        "#  TYPE a gauge\n", "# TYPE  a gauge\n", "# HELPa b\n", "# TYPE a counter x\n", "# EOF\n", "a 1\n# EOF\n",
        "a{b=\"c\"} 1 # {d=\"e\"} 1\n", "a 1\n\n\nb 2\n", "a 1\n b\n", "  \n", " # x\n", "a 1 +5\n",
        "a 1 99999999999999999999\n",
    ]

    private static let openMetrics = [
        "", "# EOF", "# EOF\n", "# EOF\n\n", "a 1\n", "a 1\n# EOF\n", "a 1\n# EOF\na 2\n", " a 1\n# EOF\n",
        "a  1\n# EOF\n", "a 1 \n# EOF\n", "a 1 5.5\n# EOF\n", "a 1 5 6\n# EOF\n", "a 1 x\n# EOF\n", "\n# EOF\n",
        "a{} 1\n# EOF\n", "a{b=\"c\"} 1\n# EOF\n", "a{b=\"c\",} 1\n# EOF\n", "a{ b=\"c\"} 1\n# EOF\n",
        "a{b=\"c\"}1\n# EOF\n", "a {b=\"c\"} 1\n# EOF\n", "a{b=\"x\ny\"} 1\n# EOF\n", "# x\n# EOF\n", "#\n# EOF\n",
        "# HELP a b\n# EOF\n", "# HELP a\n# EOF\n", "# HELP a \n# EOF\n", "# TYPE a counter\n# EOF\n",
        "# TYPE a untyped\n# EOF\n", "# TYPE a unknown\n# EOF\n", "# TYPE a stateset\n# EOF\n",
        "# TYPE  a counter\n# EOF\n", "# UNIT a_seconds seconds\n# EOF\n", "# UNIT a seconds\n# EOF\n",
        "# UNIT seconds seconds\n# EOF\n", "# UNIT a \n# EOF\n", "#  TYPE a counter\n# EOF\n",
        "a_total 1 # {b=\"c\"} 0.5\n# EOF\n", "a_total 1 5 # {b=\"c\"} 0.5 5.1\n# EOF\n", "a_total 1 # {} 1\n# EOF\n",
        "a_total 1 # b 1\n# EOF\n", "a_total 1 # {b=\"c\"}\n# EOF\n", "a_total 1 #{b=\"c\"} 1\n# EOF\n",
        "a 1\n# EOF x\n", "# EOFx\n", "a NaN\n# EOF\n", "a 1 NaN\n# EOF\n",
    ]

    private static let pages =
        texts.map { Page(text: $0, isOpenMetrics: false) } + openMetrics.map { Page(text: $0, isOpenMetrics: true) }

    @Test("an exposition is accepted if and only if the real Prometheus accepts it")
    func differential() async throws {
        let pages = Self.pages
        let errors = try await RawServer.run { connection in
            while let head = connection.readHead() {
                let target = head.split(separator: " ").dropFirst().first ?? ""
                guard let number = Int(target.dropFirst()), pages.indices.contains(number) else { return }
                let page = pages[number]
                let type =
                    page.isOpenMetrics
                    ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4"
                connection.write(
                    "HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\nContent-Length: \(page.text.utf8.count)\r\n\r\n\(page.text)"
                )
            }
        } _: { port in
            let jobs = pages.indices.map { number in
                """
                  - job_name: p\(number)
                    metrics_path: /\(number)
                    scrape_interval: 1s
                    static_configs: [{targets: ["127.0.0.1:\(port)"]}]
                """
            }
            let configuration = "scrape_configs:\n" + jobs.joined(separator: "\n")
            return try await PrometheusServer.run(.init(configuration: configuration)) { server in
                try await Self.scrapeErrors(server, count: pages.count)
            }
        }
        for (number, page) in pages.enumerated() {
            let error = errors["p\(number)"]
            #expect(
                page.isAccepted == (error == ""),
                "\(page.text.debugDescription) (OpenMetrics: \(page.isOpenMetrics)): Prometheus says \(error ?? "nothing")"
            )
        }
    }

    /// Returns the error of the last scrape of each job, once all have been scraped; an empty text for none.
    private static func scrapeErrors(_ server: PrometheusServer, count: Int) async throws -> [String: String] {
        let client = CurlHTTPClient(configuration: .init(proxies: .none))
        while true {
            let response = try await client.send(
                HTTPRequest(url: "\(server.address)/api/v1/targets?state=active", timeout: .seconds(30)))
            let targets = try JSON(parsing: response.body)["data"]?["activeTargets"]?.arrayValue ?? []
            let scraped = targets.filter { $0["health"] != "unknown" }
            if scraped.count == count {
                return Dictionary(
                    uniqueKeysWithValues: scraped.map {
                        ($0["labels"]?["job"]?.stringValue ?? "", $0["lastError"]?.stringValue ?? "")
                    })
            }
            try Task.checkCancellation()
        }
    }

    @Test("labels without a comma between them, which Prometheus accepts before 3.0, are an error")
    func missingComma() {
        #expect(!Page(text: "a{b=\"c\" d=\"e\"} 1\n", isOpenMetrics: false).isAccepted)
    }

    @Test("a label that is not UTF-8 or occurs twice, and too many labels, are errors")
    func labels() {
        let many = (0...HTTPSourceLimits.maxLabels).map { "l\($0)=\"\"" }.joined(separator: ",")
        let invalid = Array("a{b=\"".utf8) + [0xFF] + Array("\"} 1\n".utf8)
        for bytes in [Array("a{b=\"1\",b=\"2\"} 1\n".utf8), Array("a{\(many)} 1\n".utf8), invalid] {
            var parser = ExpositionParser(bytes, isOpenMetrics: false)
            #expect(throws: ExpositionError.self) { try parser.eachSample(named: "a") { _ in } }
        }
    }
}
