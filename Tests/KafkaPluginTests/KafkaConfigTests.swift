import PluginSDK
import Testing

@testable import generalscaler_plugin_kafka

@Suite struct KafkaConfigTests {
    private func problems(_ fields: String) -> [String] {
        do {
            _ = try KafkaConfig(parsing: "{\(fields)}")
            return []
        } catch {
            return error.problems.map(\.path)
        }
    }

    @Test(
        "a valid config is accepted",
        arguments: [
            #""brokers": ["kafka.shop:9092"], "group": "g""#,
            #""brokers": ["10.0.0.7", "[fd00::7]:19092"], "group": "ü g""#,
            #""brokers": ["k"], "group": "g", "topics": ["a.b-c_D", "orders"], "withoutCommit": "latest""#,
            #""brokers": ["k"], "group": "g", "topics": ["t"], "partitions": [0, 7]"#,
            #""brokers": ["k"], "group": "g", "sasl": {"mechanism": "PLAIN", "username": "u", "password": "p"}"#,
            #""brokers": ["k"], "group": "g", "sasl": {"mechanism": "OAUTHBEARER", "token": "a.b-c_d=="}"#,
        ]) func validConfigAccepted(fields: String)
    {
        #expect(problems(fields) == [])
    }

    @Test(
        "an invalid config is rejected with the path of the field",
        arguments: [
            (#""brokers": [], "group": "g""#, "brokers"), (#""brokers": ["k:0"], "group": "g""#, "brokers[0]"),
            (#""brokers": ["k", "SASL_SSL://k:9093"], "group": "g""#, "brokers[1]"), (#""brokers": ["k"]"#, "group"),
            (#""brokers": ["k,evil:1"], "group": "g""#, "brokers[0]"),
            (#""brokers": ["k"], "group": "g", "topics": []"#, "topics"),
            (#""brokers": ["k"], "group": "g", "topics": ["a", "b c"]"#, "topics[1]"),
            (#""brokers": ["k"], "group": "g", "topics": ["a", "a"]"#, "topics[1]"),
            (#""brokers": ["k"], "group": "g", "topics": ["a", "b"], "partitions": [0]"#, "partitions"),
            (#""brokers": ["k"], "group": "g", "partitions": [0]"#, "partitions"),
            (#""brokers": ["k"], "group": "g", "topics": ["a"], "partitions": [3, 3]"#, "partitions"),
            (#""brokers": ["k"], "group": "g", "topics": ["a"], "partitions": [-1]"#, "partitions"),
            (#""brokers": ["k"], "group": "g", "withoutCommit": "newest""#, "withoutCommit"),
            (#""brokers": ["k"], "group": "g", "tls": {"serverName": "x"}"#, "tls.serverName"),
            (#""brokers": ["k"], "group": "g", "sasl": {"mechanism": "PLAIN", "username": "u"}"#, "sasl.password"),
            (
                #""brokers": ["k"], "group": "g", "sasl": {"mechanism": "OAUTHBEARER", "username": "u"}"#,
                "sasl.username"
            ),
            (#""brokers": ["k"], "group": "g", "sasl": {"mechanism": "OAUTHBEARER"}"#, "sasl.token"),
            (#""brokers": ["k"], "group": "g", "sasl": {"mechanism": "OAUTHBEARER", "token": "a b"}"#, "sasl.token"),
            (
                #""brokers": ["k"], "group": "g", "sasl": {"mechanism": "PLAIN", "username": "u", "password": "p", "token": "t"}"#,
                "sasl.token"
            ),
            (
                #""brokers": ["k"], "group": "g", "sasl": {"mechanism": "PLAIN", "username": "", "password": "p"}"#,
                "sasl.username"
            ),
            (#""brokers": ["k"], "group": "g", "sasl": {"mechanism": "GSSAPI"}"#, "sasl.mechanism"),
        ]) func invalidConfigRejected(fields: String, path: String)
    {
        #expect(problems(fields).contains(path), "\(problems(fields))")
    }
}
