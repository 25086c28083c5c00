import PluginSDK
import Testing

private struct Everything: MetricConfig {
    enum Measure: String, CaseIterable, ConfigValue {
        case lag
        case pending
    }

    struct TLS: MetricConfig {
        @Field("Authorities.") var ca: String?
        @Field("Certificate.") var cert: String?
        @Field("Key.") var key: Secret?

        func validate() -> [ConfigProblem] {
            (cert == nil) == (key == nil) ? [] : [ConfigProblem(path: "key", message: "goes with cert")]
        }
    }

    struct Server: MetricConfig {
        @Field("Port.", minimum: 1, maximum: 65_535) var port: Int
    }

    @Field("Where.") var address: String
    @Field("How long, in seconds.", minimum: 1, maximum: 300) var timeoutSeconds = 10
    @Field("A ratio.", minimum: 0) var ratio = 0.5
    @Field("What.") var measure = Measure.lag
    @Field("Whether.") var strict = false
    @Field("TLS.") var tls: TLS?
    @Field("Servers.") var servers: [Server] = []
    @Field("Labels.") var labels: [String: String] = [:]
    @Field("A number that may be missing.", maximum: 9) var database: Int?
}

@Suite struct MetricConfigTests {
    private func problems(_ text: String) -> [String] {
        do throws(ConfigProblems) {
            _ = try Everything(parsing: text)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test("omitted config fields have their defaults")
    func omittedConfigFields() throws {
        let config = try Everything(parsing: #"{"address": "there", "tls": null}"#)
        #expect(config.address == "there")
        #expect(config.timeoutSeconds == 10)
        #expect(config.ratio == 0.5)
        #expect(config.measure == .lag)
        #expect(!config.strict)
        #expect(config.tls == nil)
        #expect(config.servers.isEmpty)
        #expect(config.labels.isEmpty)
        #expect(config.database == nil)
    }

    @Test("config fields have the values of the config")
    func configFieldsValues() throws {
        let config = try Everything(
            parsing: #"""
                {"address": "there", "timeoutSeconds": 20, "ratio": 2, "measure": "pending", "strict": true,
                 "tls": {"cert": "C", "key": "K"}, "servers": [{"port": 1}, {"port": 2}], "labels": {"a": ""},
                 "database": 3}
                """#)
        #expect(config.timeoutSeconds == 20)
        #expect(config.ratio == 2)
        #expect(config.measure == .pending)
        #expect(config.strict)
        #expect(config.tls?.cert == "C")
        #expect(config.tls?.key?.reveal() == "K")
        #expect(config.servers.map(\.port) == [1, 2])
        #expect(config.labels == ["a": ""])
        #expect(config.database == 3)
    }

    @Test("two configs do not share their values")
    func configsShareValues() throws {
        let first = try Everything(parsing: #"{"address": "first"}"#)
        let second = try Everything(parsing: #"{"address": "second"}"#)
        #expect(first.address == "first")
        #expect(second.address == "second")
    }

    @Test(
        "each config problem names its field and what is expected",
        arguments: [
            ("{}", ["address: is required: Where."]),
            ("[]", ["must be an object, not an array"]),
            (#"{"address": ""}"#, ["address: must not be empty"]),
            (#"{"address": 7}"#, ["address: must be a string, not a number"]),
            (#"{"address": "a", "timeoutSeconds": 0}"#, ["timeoutSeconds: must be from 1 to 300, not 0"]),
            (#"{"address": "a", "timeoutSeconds": 1.5}"#, ["timeoutSeconds: must be a whole number, not 1.5"]),
            (#"{"address": "a", "ratio": -0.5}"#, ["ratio: must be at least 0, not -0.5"]),
            (#"{"address": "a", "database": 10}"#, ["database: must be at most 9, not 10"]),
            (#"{"address": "a", "measure": "age"}"#, ["measure: must be one of lag, pending, not \"age\""]),
            (#"{"address": "a", "tls": {"cert": "C"}}"#, ["tls.key: goes with cert"]),
            (#"{"address": "a", "servers": [{"port": 1}, {}]}"#, ["servers[1].port: is required: Port."]),
            (#"{"address": "a", "labels": {"x": 1}}"#, ["labels.x: must be a string, not a number"]),
        ])
    func configProblemNames(config: String, expected: [String]) {
        #expect(problems(config) == expected)
    }

    @Test("all config problems are reported together, in the order of the fields")
    func configProblemsReported() {
        let found = problems(#"{"timeoutSeconds": 0, "tls": {"ca": 1, "crt": "x"}, "servers": [{}, 3], "querry": ""}"#)
        #expect(
            found == [
                "address: is required: Where.",
                "timeoutSeconds: must be from 1 to 300, not 0",
                "tls.ca: must be a string, not a number",
                "tls.crt: is not a known field; known fields: ca, cert, key",
                "servers[0].port: is required: Port.",
                "servers[1]: must be an object, not a number",
                "querry: is not a known field; known fields: address, timeoutSeconds, ratio, measure, strict, tls, "
                    + "servers, labels, database",
            ])
    }

    @Test("the config schema matches the rules that parsing enforces")
    func configSchemaMatches() throws {
        let schema = try JSON(
            parsing: #"""
                {"type": "object", "additionalProperties": false, "required": ["address"], "properties": {
                  "address": {"type": "string", "minLength": 1, "description": "Where."},
                  "timeoutSeconds": {"type": "integer", "minimum": 1, "maximum": 300, "default": 10,
                    "description": "How long, in seconds."},
                  "ratio": {"type": "number", "minimum": 0, "default": 0.5, "description": "A ratio."},
                  "measure": {"type": "string", "enum": ["lag", "pending"], "default": "lag", "description": "What."},
                  "strict": {"type": "boolean", "default": false, "description": "Whether."},
                  "tls": {"type": "object", "additionalProperties": false, "description": "TLS.", "properties": {
                    "ca": {"type": "string", "minLength": 1, "description": "Authorities."},
                    "cert": {"type": "string", "minLength": 1, "description": "Certificate."},
                    "key": {"type": "string", "minLength": 1, "x-secret": true, "description": "Key."}}},
                  "servers": {"type": "array", "default": [], "description": "Servers.", "items": {
                    "type": "object", "additionalProperties": false, "required": ["port"], "properties": {
                      "port": {"type": "integer", "minimum": 1, "maximum": 65535, "description": "Port."}}}},
                  "labels": {"type": "object", "additionalProperties": {"type": "string"}, "default": {},
                    "description": "Labels."},
                  "database": {"type": "integer", "maximum": 9, "description": "A number that may be missing."}}}
                """#)
        // Compared as text, because a limit is a double here and an integer there.
        #expect(JSON.object(Everything.configSchema).description == schema.description)
    }

    @Test("a config has the fields and the rules of the configs in it")
    func configFieldsRules() throws {
        let config = try Queue(parsing: #"{"name": "orders", "cert": "C", "key": "K"}"#)
        #expect(config.name == "orders" && config.tls.cert == "C" && config.configSecrets.count == 1)
        #expect(config.configJSON == ["name": "orders", "cert": "C", "key": "***"])
        #expect(Queue.configSchema["properties"]?.objectValue?.keys.sorted() == ["ca", "cert", "key", "name"])
        let other = try Queue(parsing: #"{"name": "mail"}"#)
        #expect(other.tls.cert == nil && config.tls.cert == "C")
        #expect(throws: ConfigProblems(path: "key", "goes with cert")) {
            try Queue(parsing: #"{"name": "orders", "cert": "C"}"#)
        }
    }
}

private struct Queue: MetricConfig {
    @Field("Which.") var name: String
    let tls = Everything.TLS()
}
