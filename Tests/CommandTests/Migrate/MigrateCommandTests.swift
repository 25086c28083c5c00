import TestSupport
import Testing
import WireFormats

@Suite("generalscaler migrate", .timeLimit(.minutes(3)))
struct MigrateCommandTests {
    private static let scaledObject = """
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: {name: worker, namespace: shop}
        spec:
          scaleTargetRef: {name: worker}
          minReplicaCount: 1
          maxReplicaCount: 20
          triggers:
            - type: redis
              metadata: {address: "redis.shop:6379", listName: jobs, listLength: "30"}
              authenticationRef: {name: redis}
        ---
        apiVersion: keda.sh/v1alpha1
        kind: TriggerAuthentication
        metadata: {name: redis, namespace: shop}
        spec:
          secretTargetRef:
            - {parameter: password, name: redis, key: password}
        """

    private static let trigger = """
            - type: predictkube
              metadata: {query: "sum(up)"}

        """

    @Test(
        "without a directory the GeneralScalers go to stdout and the report to stderr; the status is 0 if all is converted"
    )
    func streams() async throws {
        let outcome = try await Program.run("migrate", "-f", "-", input: Self.scaledObject)
        #expect(outcome.code == 0)
        #expect(outcome.output.contains("mode: DryRun"))
        #expect(outcome.output.contains("secretKeyRef"))
        #expect(outcome.errors.contains("converted: spec.triggers[0].metadata.listName -> spec.metrics[0].config.list"))
        #expect(outcome.errors.contains("kubectl -n shop label secret redis autoscaling.example.com/readable=true"))
        let valid = try await Program.run("validate", "-f", "-", input: outcome.output)
        #expect(valid.code == 0, "\(valid.output)")
    }

    @Test("a field that cannot be converted makes the status 1, and the rest is written")
    func notConvertible() async throws {
        let input = Self.scaledObject.replacing("    - type: redis\n", with: Self.trigger + "    - type: redis\n")
        let outcome = try await Program.run("migrate", "-f", "-", "--json", input: input)
        #expect(outcome.code == 1)
        let json = try JSON(parsing: outcome.output)
        #expect(json["fields"]?["notConvertible"] == 2)
        #expect(json["scalers"]?[0]?["spec"]?["metrics"]?.arrayValue?.count == 1)
    }

    @Test("a directory gets one file for each scaler, which kubectl can apply, and the page has the report")
    func directory() async throws {
        try await Program.withDirectory { directory in
            try Program.write(Self.scaledObject, to: "\(directory)/in.yaml")
            let outcome = try await Program.run(
                "migrate", "-f", "\(directory)/in.yaml", "--output", "\(directory)/out", "--html",
                "\(directory)/report.html")
            #expect(outcome.code == 0)
            #expect(outcome.output.contains("in.yaml:1) -> worker.yaml"))
            let valid = try await Program.run("validate", "-f", "\(directory)/out/worker.yaml")
            #expect(valid.code == 0, "\(valid.output)")
            #expect(
                try Program.text("\(directory)/report.html").contains("<code>spec.triggers[0].metadata.listName</code>")
            )
        }
    }

    /// Types that come with another plugin, which may not be installed.
    private static let clusterTypes = [
        "kubernetes-resource", "kubernetes-objects", "kubernetes-custom", "kubernetes-external",
    ]

    @Test("the plugins accept every config that the corpus gives, with the additions to plugins.yaml")
    func corpusWithPlugins() async throws {
        try await Program.withDirectory { directory in
            let corpus = Program.file("Tests/MigrationTests/Corpus")
            let sources = try Program.files("\(corpus)/keda") + Program.files("\(corpus)/hpa")
            let outcome = try await Program.run(["migrate", "--output", directory, "-f"] + sources)
            #expect(outcome.code == 1, "\(outcome.errors)")
            #expect(outcome.errors.isEmpty, "\(outcome.errors)")
            let results = try Program.files(directory).filter { $0.hasSuffix(".yaml") }
            #expect(results.count > 70)
            let valid = try await Program.run(
                ["validate", "--plugins-config", "\(directory)/operator/plugins.yaml", "-f"] + results)
            let problems = valid.output.split(separator: "\n").filter { line in
                !(valid.code == 0 || Self.clusterTypes.contains { line.contains("\"\($0)\" is not installed") })
            }
            #expect(problems.isEmpty, "\(problems)")
        }
    }

    @Test(
        "input that cannot be used is a usage error",
        arguments: [
            (["-f", "/nonexistent.yaml"], ""), (["-f", "-"], "kind: Deployment\n"), (["-f", "-"], "{"),
            (["-f", "-", "--trace", "x.csv"], "a: 1\n"), (["-f", "-", "--replay"], "a: 1\n"),
            (["-f", "-", "--kubernetes-version", "2"], "a: 1\n"),
        ])
    func usage(_ arguments: [String], _ input: String) async throws {
        let outcome = try await Program.run(["migrate"] + arguments, input: input)
        #expect(outcome.code == 2)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    }

    @Test("a replay reports the minutes in which the scaler and the HPA differ, with a picture in the page")
    func replay() async throws {
        try await Program.withDirectory { directory in
            let rows = (0..<240).map { "\(1_772_409_600 + $0 * 15),\($0 < 60 ? 60 : $0 < 120 ? 560 : 61)" }
            try Program.write("time,redis\n" + rows.joined(separator: "\n"), to: "\(directory)/trace.csv")
            try Program.write(Self.scaledObject, to: "\(directory)/in.yaml")
            let outcome = try await Program.run(
                "migrate", "-f", "\(directory)/in.yaml", "--json", "--html", "\(directory)/report.html", "--replay",
                "--trace",
                "\(directory)/trace.csv", "--initial-replicas", "2")
            #expect(outcome.code == 0, "\(outcome.errors)")
            let replay = try #require(try JSON(parsing: outcome.output)["replays"]?[0])
            #expect(replay["minutes"] == 60)
            let differing = try #require(replay["differing"]?.intValue)
            #expect((1...10).contains(differing), "\(replay)")
            for difference in replay["differences"]?.arrayValue ?? [] {
                #expect(difference["explanation"]?.stringValue?.isEmpty == false)
            }
            #expect(try Program.text("\(directory)/report.html").contains("<svg"))
        }
    }
}
