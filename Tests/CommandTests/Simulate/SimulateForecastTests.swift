import TestSupport
import Testing
import WireFormats

@Suite("generalscaler simulate --forecast", .timeLimit(.minutes(5)))
struct SimulateForecastTests {
    private static let week = Program.file("examples/simulate/week.csv")
    private static let steady = Program.file("examples/simulate/steady.yaml")

    @Test("the modes are compared side by side: Report changes nothing, and a short trace gets a warning")
    func modes() async throws {
        let outcome = try await Program.run(
            "simulate", "-f", Self.steady, "--trace", Self.week, "--startup-delay", "300", "--forecast",
            "off,report,active", "--json")
        #expect(outcome.code == 0, "\(outcome.errors)")
        let summaries = try JSON(parsing: outcome.output).arrayValue ?? []
        #expect(
            summaries.map { $0["name"] } == [
                "steady, forecast Off", "steady, forecast Report", "steady, forecast Active",
            ])
        #expect(summaries[0]["forecasts"] == nil)
        #expect(summaries[1]["replicaHours"] == summaries[0]["replicaHours"])
        #expect(summaries[1]["secondsOutOfSLO"] == summaries[0]["secondsOutOfSLO"])
        #expect(summaries[1]["forecasts"]?[0]?["secondsActive"] == 0)
        #expect(summaries[2]["forecasts"]?[0]?["coverage"]?.doubleValue ?? 0 > 0.8)
        #expect(outcome.errors.contains("warning: the trace is 7 d long"))
    }

    @Test("the table ends with how good the forecast was")
    func table() async throws {
        let outcome = try await Program.run(
            "simulate", "-f", Self.steady, "--trace", Self.week, "--startup-delay", "300", "--forecast", "active")
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("steady: the forecast of "))
        #expect(outcome.output.contains("of that of expecting no change."))
    }

    @Test("an unknown mode, and modes with a sweep or several with the decisions, are refused")
    func wrong() async throws {
        for (options, message) in [
            (["--forecast", "on"], "\"on\" is not one of off, report, active"),
            (["--forecast", "off", "--sweep", "maxReplicas=5,6"], "--sweep and --forecast exclude each other"),
            (["--forecast", "off,active", "--decisions", "-"], "--decisions takes one run"),
        ] {
            let outcome = try await Program.run(["simulate", "-f", Self.steady, "--trace", Self.week] + options)
            #expect(outcome.code != 0)
            #expect(outcome.errors.contains(message), "\(outcome.errors)")
        }
    }
}
