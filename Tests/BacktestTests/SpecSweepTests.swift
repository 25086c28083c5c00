import Backtest
import Testing
import WireFormats

@Suite("A sweep of a spec field")
struct SpecSweepTests {
    @Test("a sweep consists of a field and its values, which are numbers, words or percentages")
    func parse() throws {
        let sweep = try SpecSweep("spec.safety.maxScaleUpRate=1,25%,true")
        #expect(sweep.path == "safety.maxScaleUpRate")
        #expect(sweep.values == [1, "25%", true])
    }

    @Test("a sweep changes only its field, and creates missing objects of the path")
    func change() throws {
        let spec: JSON = ["maxReplicas": 3, "metrics": [["type": "a"], ["type": "b"]]]
        #expect(
            try SpecSweep("safety.cooldownSeconds=60").spec(spec, with: 60)
                == ["maxReplicas": 3, "metrics": [["type": "a"], ["type": "b"]], "safety": ["cooldownSeconds": 60]])
        #expect(
            try SpecSweep("metrics[1].targetValue=5").spec(spec, with: 5)["metrics"]
                == [["type": "a"], ["type": "b", "targetValue": 5]])
    }

    @Test("a sweep without a field or values is refused", arguments: ["", "=1", "a", "a=", "..=1"])
    func refused(text: String) {
        #expect(throws: TraceError.self) { try SpecSweep(text) }
    }

    @Test("a sweep of a path that does not exist is refused", arguments: ["maxReplicas.x=1", "metrics[7].type=a"])
    func nowhere(text: String) throws {
        let sweep = try SpecSweep(text)
        #expect(throws: TraceError.self) { try sweep.spec(["maxReplicas": 3, "metrics": []], with: 1) }
    }
}
