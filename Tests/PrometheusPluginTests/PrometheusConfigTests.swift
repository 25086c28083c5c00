import PluginSDK
import Testing

@testable import generalscaler_plugin_prometheus

@Suite struct PrometheusConfigTests {
    private func problems(_ text: String) -> [ConfigProblem] {
        do throws(ConfigProblems) {
            _ = try PrometheusConfig(parsing: text)
            return []
        } catch {
            return error.problems
        }
    }

    @Test("a minimal config has an address and a query")
    func minimalConfigAddress() {
        #expect(problems(#"{"address": "http://prometheus:9090", "query": "up"}"#).isEmpty)
    }

    @Test("the problem of a missing address mentions that the operator can set it for all")
    func problemMissingAddress() {
        let found = problems(#"{"query": "up"}"#)
        #expect(found.map(\.path) == ["address"])
        #expect(found.first?.message.contains("plugins.yaml") == true)
    }

    @Test(
        "an invalid address is refused with the correction",
        arguments: [
            ("prometheus:9090", "http://"), ("ftp://prometheus", "http://"), ("http://", "host"), ("http:///x", "host"),
            ("http://user:pw@prometheus", "auth.basic"), ("http://prometheus?a=b", "parameters"),
            ("http://prometheus#a", "parameters"), ("http://pro metheus", "percent-encode"),
            ("http://prométheus", "percent-encode"), ("http://prometheus:99999", "a port from 1 to 65535"),
            ("http://prometheus:0", "a port from 1 to 65535"), ("https://prometheus:+80/prefix", "not \"+80\""),
            ("http://prometheus:90:90", "a port from 1 to 65535"), ("http://[::1]:70000", "not \"70000\""),
            ("http://prometheus:", "a port from 1 to 65535"), ("http://[::1", "DNS name"), ("http://:9090", "host"),
            ("http://prom^etheus", "DNS name"), ("http://prometheus\\\\x", "backslash"),
        ])
    func invalidAddressRefused(address: String, hint: String) {
        let found = problems(#"{"address": "\#(address)", "query": "up"}"#)
        #expect(found.map(\.path) == ["address"])
        #expect(found.first?.message.contains(hint) == true)
    }

    @Test(
        "fields that do not fit together are refused with their path",
        arguments: [
            (#""auth": {}"#, "auth"),
            (#""auth": {"bearer": {"token": "a"}, "basic": {"username": "u", "password": "p"}}"#, "auth"),
            (#""auth": {"bearer": {}}"#, "auth.bearer"),
            (#""auth": {"bearer": {"token": "a", "tokenFile": "/b"}}"#, "auth.bearer"),
            (#""auth": {"bearer": {"tokenFile": "../../run/token"}}"#, "auth.bearer.tokenFile"),
            (#""auth": {"bearer": {"tokenFile": ""}}"#, "auth.bearer.tokenFile"),
            (#""auth": {"basic": {"username": "u"}}"#, "auth.basic.password"),
            (#""auth": {"basic": {"username": "u:v", "password": "p"}}"#, "auth.basic.username"),
            (#""auth": {"sigv4": {}}"#, "auth.sigv4.region"),
            (#""auth": {"sigv4": {"region": "a:b"}}"#, "auth.sigv4.region"),
            (#""auth": {"sigv4": {"region": "a", "accessKeyID": "b"}}"#, "auth.sigv4"),
            (#""auth": {"sigv4": {"region": "a", "sessionToken": "b"}}"#, "auth.sigv4.sessionToken"),
            (#""auth": {"sigv4": {"region": "a"}, "googleMetadata": {}}"#, "auth"),
            (#""auth": {"googleMetadata": {}}"#, "auth.googleMetadata"),
            (#""auth": {"googleMetadata": {"token": "t"}}"#, "auth.googleMetadata.token"),
            (#""headers": {"X-Amz-Date": "a"}, "auth": {"sigv4": {"region": "a"}}"#, "headers.X-Amz-Date"),
            (#""tls": {"cert": "/c"}"#, "tls.key"),
            (#""tls": {"key": "/k"}"#, "tls.cert"),
            (#""parameters": {"query": "down"}"#, "parameters.query"),
            (#""headers": {"X Y": "z"}"#, "headers.X Y"),
            (#""headers": {"Content-Type": "z"}"#, "headers.Content-Type"),
            (#""headers": {"X-Y": "a\nb"}"#, "headers.X-Y"),
            (#""headers": {"Authorization": "a"}, "auth": {"bearer": {"token": "a"}}"#, "headers.Authorization"),
            (#""aggregation": "median""#, "aggregation"),
            (#""timeoutSeconds": 0"#, "timeoutSeconds"),
            (#""adress": "http://x""#, "adress"),
        ])
    func fieldsFitTogether(fields: String, path: String) {
        #expect(problems(#"{"address": "http://p", "query": "up", \#(fields)}"#).map(\.path) == [path])
    }

    @Test("secrets are marked in the config schema and masked when printed")
    func secretsMarkedConfig() throws {
        let config = try PrometheusConfig(
            parsing: #"""
                {"address": "http://p", "query": "up", "headers": {"X-A": "canary"},
                 "auth": {"basic": {"username": "u", "password": "canary"}},
                 "tls": {"cert": "/c", "key": "canary"}}
                """#)
        var dumped = ""
        dump(config, to: &dumped)
        #expect(!dumped.contains("canary"))
        #expect(!"\(config)".contains("canary"))
        let properties = PrometheusConfig.configSchema["properties"]
        let auth = properties?["auth"]?["properties"]
        #expect(auth?["bearer"]?["properties"]?["token"]?["x-secret"] == true)
        #expect(auth?["basic"]?["properties"]?["password"]?["x-secret"] == true)
        #expect(properties?["tls"]?["properties"]?["key"]?["x-secret"] == true)
        #expect(properties?["address"]?["x-address"] == true)
        #expect(properties?["headers"]?["additionalProperties"]?["x-secret"] == true)
    }
}
