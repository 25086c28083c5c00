import Testing

@testable import Migration

@Suite("numbers and places of a source")
struct QuantityTests {
    @Test(
        "a quantity of Kubernetes is its number",
        arguments: [
            ("500m", 0.5), ("100m", 0.1), ("1500Mi", 1_572_864_000), ("2k", 2_000), ("1.5", 1.5), ("1e3", 1_000),
            ("7", 7),
            (" 12 ", 12), ("-3", -3), ("1G", 1e9),
        ])
    func quantity(_ text: String, _ number: Double) { #expect(Quantity.number(text) == number) }

    @Test(
        "a text that is no quantity has no number",
        arguments: ["", "m", "abc", "1x", "0x10", "inf", "nan", "1 2", "Ki"])
    func noQuantity(_ text: String) { #expect(Quantity.number(text) == nil) }

    @Test(
        "a timeout is milliseconds, or a duration of Go",
        arguments: [("1500", 1.5), ("2s", 2), ("1m30s", 90), ("500ms", 0.5)])
    func timeout(_ text: String, _ seconds: Double) { #expect(Quantity.timeoutSeconds(text) == seconds) }

    @Test(
        "a GJSON path of names and numbers is a JSONPath",
        arguments: [
            ("depth", "$.depth"), ("a.b", "$.a.b"), ("data.0.n", "$.data[0].n"), ("a-b", "$['a-b']"),
            (#"a\.b.c"#, "$['a.b'].c"),
        ])
    func valueLocation(_ text: String, _ path: String) { #expect(ValueLocation.jsonPath(text) == path) }

    @Test("a GJSON path with queries has no JSONPath", arguments: ["a.#", "a.#(b==1).c", "", ".a", "a|b", "@values"])
    func noValueLocation(_ text: String) { #expect(ValueLocation.jsonPath(text) == nil) }

    @Test("a Flux query of the common form is the InfluxQL query with its filters")
    func flux() throws {
        let query = try #require(
            FluxQuery(
                """
                from(bucket:"iot") |> range(start: -90s) |> filter(fn: (r) => r["_measurement"] == "q" and r._field == "d")
                  |> filter(fn: (r) => r.host == "a") |> mean()
                """))
        #expect(query.bucket == "iot")
        #expect(query.influxQL == #"SELECT mean("d") FROM "q" WHERE time > now() - 90s AND "host" = 'a'"#)
    }

    @Test(
        "another Flux query is not translated",
        arguments: [
            #"from(bucket: "a") |> last()"#, #"from(bucket: "a") |> range(start: 0) |> last()"#,
            #"from(bucket: "a") |> range(start: -1h) |> filter(fn: (r) => r._field == "x" or r._field == "y")"#,
            #"from(bucket: "a") |> range(start: -1h) |> map(fn: (r) => ({r with _value: 1}))"#,
        ])
    func otherFlux(_ text: String) { #expect(FluxQuery(text) == nil) }
}
