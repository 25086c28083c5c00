import ScalerAPI
import Testing
import TimeZones
import WireFormats

@Suite("The operator's checks of a spec")
struct SpecTableTests {
    @Test("the operator accepts and refuses the same specs as the API server, and names the same field")
    func agreement() throws {
        let rows = try SpecTable().rows
        #expect(rows.count > 100)
        for row in rows {
            let fields: [String]
            switch GeneralScalerSpec.parse(row.spec, unknownFields: .refused, zones: TimeZoneDirectory.system) {
            case .success: fields = []
            case .failure(let invalid): fields = invalid.problems.map { String($0.path.dropFirst("spec.".count)) }
            }
            if let field = row.field {
                // The operator can name an element or a member where a rule of the schema cannot.
                let isNamed = fields.contains { $0 == field || $0.hasPrefix(field + ".") || $0.hasPrefix(field + "[") }
                #expect(isNamed, "\(row.change): \(fields)")
            } else {
                #expect(fields == [], "\(row.change)")
            }
        }
    }

    @Test("a spec that is written as JSON reads as the same spec")
    func written() throws {
        for row in try SpecTable().rows where row.field == nil {
            let spec = try Self.parsed(row.spec)
            let again = try Self.parsed(spec.json(configs: true))
            #expect(Self.parts(of: again) == Self.parts(of: spec), "\(row.change)")
            #expect(again.json(configs: true) == spec.json(configs: true), "\(row.change)")
            #expect(spec.json(configs: false).objectValue?.values.contains(.null) == false)
        }
    }

    /// All values of a spec. Those of a set are in no order.
    private static func parts(of spec: GeneralScalerSpec) -> [Substring] {
        "\(spec)".split { " ,()[]".contains($0) }.sorted()
    }

    @Test("the configs of metrics are written on request only")
    func configs() throws {
        let metric: JSON = ["type": "prometheus", "name": "load", "targetValue": 2.5, "config": ["password": "canary"]]
        let spec = try Self.parsed(["targetDeployment": "app", "maxReplicas": 3, "metrics": [metric]])
        #expect("\(spec.json(configs: true))".contains("canary"))
        #expect(!"\(spec.json(configs: false))".contains("canary"))
        #expect(spec.json(configs: false)["metrics"]?[0]?["targetValue"] == 2.5)
    }

    private static func parsed(_ spec: JSON) throws -> GeneralScalerSpec {
        try GeneralScalerSpec.parse(spec, unknownFields: .refused, zones: TimeZoneDirectory.system).get()
    }

    @Test("unknown fields are ignored if requested, as by an older operator with a newer object")
    func newerObject() throws {
        let spec: JSON = [
            "targetDeployment": "app", "maxReplicas": 3, "newField": 1,
            "metrics": [["type": "prometheus", "targetValue": 1, "newField": [:]]],
        ]
        #expect(throws: Never.self) { try GeneralScalerSpec.parse(spec).get() }
        #expect(throws: InvalidSpec.self) { try GeneralScalerSpec.parse(spec, unknownFields: .refused).get() }
    }

    @Test("all problems of a spec are reported together")
    func everything() {
        let spec: JSON = [
            "maxReplicas": 0, "mode": "Off", "metrics": [["type": "A", "targetValue": 1]],
            "safety": ["cooldownSeconds": -1],
        ]
        guard case .failure(let invalid) = GeneralScalerSpec.parse(spec) else {
            Issue.record("accepted")
            return
        }
        #expect(
            invalid.problems.map(\.path) == [
                "spec.targetDeployment", "spec.maxReplicas", "spec.mode", "spec.metrics[0].type",
                "spec.safety.cooldownSeconds",
            ])
    }
}
