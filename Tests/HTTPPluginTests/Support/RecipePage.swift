import Foundation
import PluginSDK
import WireFormats
import YAMLFormat

@testable import generalscaler_plugin_http

/// A page of `docs/reference/plugins/recipes`, whose configs tests execute.
struct RecipePage {
    /// The configs of the page's metrics, in their order.
    private let configs: [JSON]

    struct Fault: Error {
        let message: String
    }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../docs/reference/plugins/recipes").standardizedFileURL

    /// All pages but the overview, by name.
    static var all: [String: RecipePage] {
        get throws {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { $0.hasSuffix(".md") && $0 != "README.md" }.map { String($0.dropLast(3)) }
            return Dictionary(uniqueKeysWithValues: try names.map { ($0, try RecipePage($0)) })
        }
    }

    /// The number of metrics.
    var metrics: Int { configs.count }

    init(_ name: String) throws {
        let file = Self.folder.appending(path: "\(name).md")
        let page = try String(contentsOf: file, encoding: .utf8)
        configs = try page.split(separator: "```yaml\n").dropFirst().flatMap { part in
            let text = String(part[..<(part.firstRange(of: "\n```")?.lowerBound ?? part.endIndex)])
            let metrics = try YAMLDocument.parse(text + "\n")["metrics"]?.arrayValue ?? []
            return try metrics.filter { $0["formula"] == nil }.map { metric in
                guard metric["type"] == "http", let config = metric["config"] else {
                    throw Fault(message: "\(name).md has a metric that is not of the type http")
                }
                return config
            }
        }
    }

    /// Returns a config of the page as the operator would hand it to the plugin.
    ///
    /// - Parameters:
    ///   - replacements: texts of the page, such as its server, and what stands in the test for them. Each must occur.
    ///   - secrets: by the name and key of a Secret, such as `rabbitmq-scaler/password`.
    func config(
        _ index: Int = 0, replacing replacements: [String: String] = [:], secrets: [String: String] = [:]
    ) throws -> HTTPSourceConfig {
        var unused = Set(replacements.keys)
        var json = try Self.resolved(configs[index], secrets)
        json = Self.replaced(json, replacements, &unused)
        guard unused.isEmpty else { throw Fault(message: "the config does not have \(unused)") }
        return try HTTPSourceConfig(config: JSONReader(json))
    }

    private static func resolved(_ json: JSON, _ secrets: [String: String]) throws -> JSON {
        switch json {
        case .array(let elements): return .array(try elements.map { try resolved($0, secrets) })
        case .object(let members):
            guard let reference = json["valueFrom"]?["secretKeyRef"] else {
                return .object(try members.mapValues { try resolved($0, secrets) })
            }
            let name = "\(reference["name"]?.stringValue ?? "")/\(reference["key"]?.stringValue ?? "")"
            guard let value = secrets[name] else { throw Fault(message: "the test has no Secret \(name)") }
            return .string(value)
        default: return json
        }
    }

    private static func replaced(
        _ json: JSON, _ replacements: [String: String], _ unused: inout Set<String>
    ) -> JSON {
        switch json {
        case .array(let elements): return .array(elements.map { replaced($0, replacements, &unused) })
        case .object(let members):
            var result = members
            for (name, value) in members { result[name] = replaced(value, replacements, &unused) }
            return .object(result)
        case .string(var text):
            for (old, new) in replacements where text.contains(old) {
                unused.remove(old)
                text = text.replacing(old, with: new)
            }
            return .string(text)
        default: return json
        }
    }
}

extension HTTPPlugin {
    func value(_ config: HTTPSourceConfig) async throws -> MetricReading {
        try await value(for: MetricRequest(config: config, targetType: .averageValue, deadline: .now + .seconds(30)))
    }

    /// Returns the value once the source has it: servers collect their statistics from time to time.
    func value(_ config: HTTPSourceConfig, once isThere: (Double) -> Bool) async throws -> Double {
        while true {
            do {
                let value = try await value(config).value
                if isThere(value) { return value }
            } catch let error as PluginError where error.kind == .noData || error.kind == .sourceUnreachable {
                // Not yet.
            }
            try Task.checkCancellation()
        }
    }
}
