package import ScalerAPI
import Scaling
import TimeZones
package import WireFormats
import YAMLFormat

/// A spec as it is edited: checked as the operator's webhook checks one, except for what only plugins know.
package struct SpecDraft: Sendable {
    package let spec: GeneralScalerSpec
    /// The spec as written.
    package let json: JSON

    /// - Throws: ``WhatIfProblem`` with every field that is not valid.
    package init(_ json: JSON) throws(WhatIfProblem) { try self.init(json, line: { _ in nil }) }

    /// - Parameter yaml: a manifest, or its `spec` alone.
    /// - Throws: ``WhatIfProblem`` with every field that is not valid, and its line.
    package init(yaml: String) throws(WhatIfProblem) {
        let (document, prefix) = try Self.document(yaml)
        let spec = prefix.isEmpty ? document.json["spec"] ?? .null : document.json
        try self.init(spec) { path in
            document.line(of: path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path)
        }
    }

    private init(_ json: JSON, line: (String) -> Int?) throws(WhatIfProblem) {
        self.json = json
        do throws(InvalidSpec) {
            spec = try GeneralScalerSpec.parse(json, unknownFields: .refused, zones: TimeZoneDirectory.system).get()
        } catch {
            throw WhatIfProblem(
                "the spec is not valid",
                places: error.problems.map { .init(path: $0.path, line: line($0.path), message: $0.message) })
        }
    }

    /// Reads the text without checking the spec.
    ///
    /// - Returns: the spec.
    package static func spec(inYAML yaml: String) throws(WhatIfProblem) -> JSON {
        let (document, prefix) = try document(yaml)
        return prefix.isEmpty ? document.json["spec"] ?? .null : document.json
    }

    /// - Returns: the document, and what precedes its paths in those of a spec.
    private static func document(_ yaml: String) throws(WhatIfProblem) -> (YAMLFile.Document, prefix: String) {
        let documents: [YAMLFile.Document]
        do throws(YAMLDocument.Failure) {
            documents = try YAMLFile(parsing: yaml).documents
        } catch {
            throw WhatIfProblem(
                "the text is not YAML", places: [.init(path: "spec", line: error.line, message: error.message)])
        }
        guard let document = documents.first, documents.count == 1 else {
            throw WhatIfProblem("the text must be one YAML document with a spec")
        }
        return (document, document.json["spec"] == nil ? "spec." : "")
    }

    /// The text for an editor.
    package static func yaml(_ spec: JSON) -> String { YAMLText.text(["spec": spec]) }

    /// Returns the spec for the engine.
    ///
    /// - Parameter targetTypes: those that plugins have declared, by the name of the metric.
    /// - Throws: ``WhatIfProblem`` with each metric whose target type only its plugin knows.
    func scalingSpec(_ targetTypes: [String: MetricSpec.TargetType]) throws(WhatIfProblem) -> ScalingSpec {
        var declared: [BuiltinMetricTypes.Declaration] = []
        var places: [WhatIfProblem.Place] = []
        for metric in spec.metrics {
            let builtin = BuiltinMetricTypes.declaration(type: metric.type, config: metric.config)
            // An input has no target type.
            let unused: MetricSpec.TargetType? = metric.targetValue == nil ? .value : nil
            guard let type = metric.targetType ?? targetTypes[metric.name] ?? builtin?.targetType ?? unused else {
                places.append(
                    .init(
                        path: "\(metric.path).targetType", line: nil,
                        message: "is required here, Value or AverageValue: only the plugin of \(metric.type) knows its "
                            + "default"))
                continue
            }
            declared.append(.init(targetType: type, maxAge: builtin?.maxAge))
        }
        guard places.isEmpty else { throw WhatIfProblem("the spec is not complete", places: places) }
        return spec.scalingSpec(declared: declared)
    }
}
