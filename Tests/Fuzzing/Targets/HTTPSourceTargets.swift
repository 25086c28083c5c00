import HTTPTransport
import JSONPath
import PluginSDK
import WireFormats

@testable import generalscaler_plugin_http

extension FuzzTarget {
    private static let httpConfigs: [HTTPSourceConfig] = [
        #"{"url": "http://shop/x", "jsonPath": "$..n", "aggregation": "sum"}"#,
        #"{"url": "http://shop/x", "jsonPath": "$[?search(@.a, 'a.*b')].n"}"#,
        #"{"url": "http://shop/x", "jsonPath": "$.list[*]", "aggregation": "count"}"#,
        #"{"url": "http://shop/x", "metric": "a{b=~\"c|d\",e!=\"f\"}", "aggregation": "max"}"#,
        #"{"url": "http://shop/x"}"#,
    ].map { text in
        do throws(ConfigProblems) {
            return try HTTPSourceConfig(parsing: text)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    private static let httpNow: Int64 = 1_767_323_045_000_000
    private static let contentTypes = [
        "application/json", "application/openmetrics-text", "text/plain", "text/html", "",
    ]

    /// The first byte picks the status, the Content-Type and the config.
    static let httpAnswers = FuzzTarget("http-answers") { (input) throws(FuzzFinding) in
        let choice = Int(input.first ?? 0)
        let statuses = [302, 401, 404, 429, 500]
        let config = httpConfigs[choice % httpConfigs.count]
        let type = contentTypes[choice / httpConfigs.count % contentTypes.count]
        let head = HTTPResponseHead(
            status: statuses[choice % statuses.count],
            headers: [HTTPHeader("Content-Type", type), HTTPHeader("Location", "http://elsewhere/?\(choice)")])
        let response = HTTPResponse(head: head, body: Array(input.dropFirst()))
        let answer = Result { () throws(PluginError) in
            try Selection(config).reading(of: response, nowMicroseconds: httpNow)
        }
        switch answer {
        case .success(let reading):
            try require(reading.value.isFinite, "the value is \(reading.value)")
            try require(reading.observedAtMicroseconds <= httpNow, "the reading is of the future")
        case .failure(let error): try require(error.kind != .internalError, error.message)
        }
    }

    /// A query, a line feed, and the document that it is evaluated in.
    static let jsonPathQueries = FuzzTarget("json-path-queries") { (input) throws(FuzzFinding) in
        let parts = input.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
        let text = String(decoding: parts[0], as: UTF8.self)
        let query: JSONPathQuery
        do throws(JSONPathSyntaxError) {
            query = try JSONPathQuery(parsing: text)
        } catch {
            try requireShort("\(error)", "the error")
            return
        }
        guard parts.count == 2, let document = try? JSON(parsing: parts[1]),
            let nodes = try? query.nodes(in: document, limits: JSONPathLimits(steps: 100_000, nodes: 1_000))
        else { return }
        // Each node is found again at its own place.
        for node in nodes.prefix(8) {
            let path = node.location.normalizedPath
            guard path.unicodeScalars.count <= JSONPathLimits.maxQueryLength else { continue }
            let found = try? JSONPathQuery(parsing: path).nodes(in: document)
            try require(found?.map(\.value) == [node.value], "\(path) does not select its node")
        }
    }
}
