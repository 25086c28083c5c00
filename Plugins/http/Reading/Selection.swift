import HTTPTransport
import JSONPath
import PluginSDK
import SourceSupport
import WireFormats

/// What a config takes out of an answer.
struct Selection: Sendable {
    private enum Source: Sendable {
        case json(JSONPathQuery)
        case series(SeriesSelector)
        case text
        /// The answer's Content-Type decides between a JSON number and a text.
        case number
    }

    private let source: Source
    private let aggregation: Aggregation?

    init(_ config: HTTPSourceConfig) throws(PluginError) {
        aggregation = config.aggregation
        do {
            if let path = config.jsonPath {
                source = .json(try JSONPathQuery(parsing: path))
            } else if let metric = config.metric {
                source = .series(try SeriesSelector(parsing: metric))
            } else {
                switch config.format {
                case .json: source = .json(try JSONPathQuery(parsing: "$"))
                case .text: source = .text
                case nil: source = .number
                case .prometheus: throw ConfigFault("is required with format: prometheus")
                }
            }
        } catch let error as JSONPathSyntaxError {
            throw PluginError(.configInvalid, "jsonPath: \(error)", path: "jsonPath")
        } catch let error as ConfigFault {
            throw PluginError(.configInvalid, "metric \(error.message)", path: "metric")
        } catch {
            throw PluginError(.configInvalid, "the config selects nothing")
        }
    }

    /// - Throws: the error that the answer means.
    func reading(of response: HTTPResponse, nowMicroseconds: Int64) throws(PluginError) -> MetricReading {
        let type = ContentType(response)
        switch source {
        case .json(let query): return try reading(of: query, response, type, nowMicroseconds)
        case .series(let selector):
            return try ExpositionReading(selector: selector, aggregation: aggregation).reading(
                of: response, type, nowMicroseconds: nowMicroseconds)
        case .text: return try text(response, type, nowMicroseconds)
        case .number where type == .json:
            let query: JSONPathQuery
            do throws(JSONPathSyntaxError) {
                query = try JSONPathQuery(parsing: "$")
            } catch {
                throw PluginError(.internalError, "\(error)")
            }
            return try reading(of: query, response, type, nowMicroseconds)
        case .number where type == .openMetrics:
            throw PluginError(
                .configInvalid, "the answer is in a format of Prometheus: set metric", path: "metric")
        case .number: return try text(response, type, nowMicroseconds)
        }
    }

    // MARK: JSON

    private func reading(
        of query: JSONPathQuery, _ response: HTTPResponse, _ type: ContentType, _ now: Int64
    ) throws(PluginError) -> MetricReading {
        let document: JSON
        do throws(JSONSyntaxError) {
            document = try JSON(parsing: response.body, limits: HTTPSourceLimits.document)
        } catch {
            guard error.exceeded == nil else {
                throw PluginError(
                    .configInvalid,
                    "the answer is \(error.message): request less of it, for example by the URL's query",
                    path: "url")
            }
            throw type.mismatch(response, expected: "JSON", reason: "\(error)")
        }
        let nodes: [JSONPathNode]
        do throws(JSONPathLimitError) {
            nodes = try query.nodes(in: document)
        } catch {
            throw PluginError(.configInvalid, "jsonPath: \(error): write a narrower query", path: "jsonPath")
        }
        if nodes.isEmpty { return try emptyReading(query, document, now) }
        if aggregation == .count { return MetricReading(value: Double(nodes.count), observedAtMicroseconds: now) }
        guard nodes.count == 1 || aggregation != nil else {
            throw PluginError(
                .configInvalid,
                "jsonPath selects \(nodes.count) values: set aggregation, or write a query that selects one",
                path: "aggregation")
        }
        var values: [Double] = []
        for node in nodes { values.append(try Self.number(node)) }
        return try combined(values, now)
    }

    private func emptyReading(
        _ query: JSONPathQuery, _ document: JSON, _ now: Int64
    ) throws(PluginError) -> MetricReading {
        if aggregation == .count, query.hasContainer(in: document) {
            return MetricReading(value: 0, observedAtMicroseconds: now)
        }
        throw PluginError(
            .noData,
            "jsonPath selects nothing in the answer: check the names in it, and that the server has a value now")
    }

    private static func number(_ node: JSONPathNode) throws(PluginError) -> Double {
        let place = Quoting.shortened(node.location.normalizedPath)
        switch node.value {
        case .integer(let value): return Double(value)
        case .number(let value): return value
        case .null: throw PluginError(.noData, "the value at \(place) is null: the server has none now")
        case .string(let text):
            let number = NumberText(text)
            guard number != .none else {
                let quoted = text.isEmpty ? "empty" : Quoting.quote(Array(text.utf8))
                throw PluginError(
                    .configInvalid,
                    "the text at \(place) is \(quoted), which is not a number such as 12.5: select a number",
                    path: "jsonPath")
            }
            return try number.value("the text at \(place)", path: "jsonPath")
        case .bool, .array, .object:
            throw PluginError(
                .configInvalid,
                "jsonPath selects \(node.value.shapeName) at \(place), which is not a number: select a number in it",
                path: "jsonPath")
        }
    }

    private func combined(_ values: [Double], _ now: Int64) throws(PluginError) -> MetricReading {
        let value = aggregation?.combined(values) ?? values[0]
        guard value.isFinite else {
            throw PluginError(
                .sourceUnreachable, "the \(values.count) values together exceed the largest number: select fewer",
                path: "jsonPath")
        }
        let detail = aggregation.map { "the \($0.rawValue) of \(values.count) values" }
        return MetricReading(value: value, observedAtMicroseconds: now, detail: values.count > 1 ? detail : nil)
    }

    // MARK: Text

    private func text(
        _ response: HTTPResponse, _ type: ContentType, _ now: Int64
    ) throws(PluginError) -> MetricReading {
        let bytes = TextDecoder.withoutMark(response.body)
        let text = String(decoding: bytes.prefix(NumberText.maxBytes + 1), as: UTF8.self)
        let number = NumberText(text)
        if bytes.allSatisfy({ $0 <= 0x20 }) { throw PluginError(.noData, "the answer is empty") }
        guard bytes.count <= NumberText.maxBytes, number != .none else {
            throw type.mismatch(response, expected: "a number", reason: nil)
        }
        let value = try number.value("the answer", path: "format")
        if aggregation == .count { return MetricReading(value: 1, observedAtMicroseconds: now) }
        return MetricReading(value: value, observedAtMicroseconds: now)
    }
}
