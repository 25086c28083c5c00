import FoundationEssentials
import Migration
import ScalerAPI
import Testing
import TimeZones
import WireFormats

/// The ScaledObjects and HorizontalPodAutoscalers of the corpus, migrated.
@Suite("migration of the corpus")
struct CorpusTests {
    private let keda = Corpus.migrated("keda")
    private let hpa = Corpus.migrated("hpa")

    @Test("the corpus has 60 ScaledObjects and 20 HorizontalPodAutoscalers")
    func size() {
        #expect(keda.objects.count { $0.source.kind == "ScaledObject" } == 60)
        #expect(hpa.objects.count { $0.source.kind == "HorizontalPodAutoscaler" } == 20)
    }

    @Test("every field of every object is in the report, itself or as a part of a field that is")
    func everyFieldIsNamed() {
        for object in keda.objects + hpa.objects {
            let named = Set(object.findings.map(\.path))
            for leaf in Corpus.leaves(object.source.json) {
                let isNamed =
                    named.contains(leaf) || Corpus.wholes.contains { named.contains($0) && leaf.hasPrefix($0) }
                #expect(isNamed, "\(object.source.label): \(leaf)")
            }
        }
    }

    @Test("at least 80% of the fields are converted", arguments: ["keda", "hpa"])
    func shareConverted(_ folder: String) {
        let counts = Corpus.migrated(folder).counts
        #expect(counts.converted + counts.different >= counts.total * 80 / 100, "\(counts)")
    }

    @Test("no field is left to the rule for unknown fields")
    func everyFieldHasARule() {
        for object in keda.objects + hpa.objects {
            for finding in object.findings {
                guard case .notConvertible(let nearest) = finding.outcome else { continue }
                #expect(!nearest.hasPrefix("no rule for"), "\(object.source.label): \(finding.path)")
            }
        }
    }

    @Test("every result is a valid GeneralScaler in dry run")
    func validity() throws {
        for scaler in keda.scalers + hpa.scalers {
            let spec = GeneralScalerSpec.parse(
                scaler.json["spec"] ?? .null, unknownFields: .refused, zones: TimeZoneDirectory.system)
            if case .failure(let invalid) = spec {
                Issue.record("\(scaler.source.label): \(invalid.problems.map { "\($0.path) \($0.message)" })")
                continue
            }
            #expect(try spec.get().mode == .dryRun)
            let metadata = MetadataCheck(try JSONReader(scaler.json).required("metadata"))
            #expect(metadata.problems.isEmpty, "\(scaler.source.label): \(metadata.problems)")
        }
    }

    @Test("the YAML of every result has the same content as the result")
    func yaml() throws {
        for scaler in keda.scalers + hpa.scalers { #expect(try Corpus.parsed(scaler.yaml) == scaler.json) }
    }

    @Test("no secret of a source is in a result or in the report")
    func noSecrets() {
        let all = [keda, hpa].map { "\($0.json)\($0.text)\(MigrationPage($0).html)\($0.scalers.map(\.yaml).joined())" }
        for text in all {
            #expect(!text.contains("hunter2"))
            #expect(!text.contains("dead-beef"))
        }
    }

    @Test("a comment stays with the field that it is about")
    func comments() throws {
        let storefront = try #require(keda.scalers.first { $0.name == "storefront" })
        #expect(storefront.yaml.contains("  # Less than two is not redundant.\n  minReplicas: 2\n"))
        #expect(storefront.yaml.contains("      # The ingress counts what the pods have not seen yet.\n      query:"))
    }

    @Test("the corpus uses every parameter of every type of trigger that has a rule")
    func everyParameter() {
        let objects = keda.objects.map(\.source)
        for rules in Corpus.parameters {
            var used: Set<String> = []
            for object in objects {
                for trigger in object.json["spec"]?["triggers"]?.arrayValue ?? []
                where rules.types.contains(trigger["type"]?.stringValue ?? "") {
                    used.formUnion(
                        (trigger["metadata"]?.objectValue ?? [:]).keys.map { $0.replacing("FromEnv", with: "") })
                    used.formUnion(Corpus.parameters(of: trigger, in: objects))
                }
            }
            let unused = rules.names.filter { !used.contains($0) && !Corpus.rare.contains($0) }
            #expect(unused.isEmpty, "\(rules.types): \(unused)")
        }
    }
}
