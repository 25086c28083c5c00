import Backtest
import Testing
import WireFormats

@Suite("A sweep")
struct SpecSweepTests {
    @Test("names a field and values: numbers, words, percentages")
    func parse() throws {
        let sweep = try SpecSweep("spec.safety.maxScaleUpRate=1,25%,true")
        #expect(sweep.path == "safety.maxScaleUpRate")
        #expect(sweep.values == [1, "25%", true])
    }

    @Test("changes only that field, and creates missing objects of the path")
    func change() throws {
        let spec: JSON = ["maxReplicas": 3, "metrics": [["type": "a"], ["type": "b"]]]
        #expect(
            try SpecSweep("safety.cooldownSeconds=60").spec(spec, with: 60)
                == ["maxReplicas": 3, "metrics": [["type": "a"], ["type": "b"]], "safety": ["cooldownSeconds": 60]])
        #expect(
            try SpecSweep("metrics[1].targetValue=5").spec(spec, with: 5)["metrics"]
                == [["type": "a"], ["type": "b", "targetValue": 5]])
    }

    @Test("refuses what is not a field with values", arguments: ["", "=1", "a", "a=", "..=1"])
    func refused(text: String) {
        #expect(throws: TraceError.self) { try SpecSweep(text) }
    }

    @Test("refuses a path that leads nowhere", arguments: ["maxReplicas.x=1", "metrics[7].type=a"])
    func nowhere(text: String) throws {
        let sweep = try SpecSweep(text)
        #expect(throws: TraceError.self) { try sweep.spec(["maxReplicas": 3, "metrics": []], with: 1) }
    }
}
