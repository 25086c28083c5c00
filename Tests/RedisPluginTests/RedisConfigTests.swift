import HTTPTransport
import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_redis

@Suite struct RedisConfigTests {
    private func problems(_ fields: String) -> [ConfigProblem] {
        do throws(ConfigProblems) {
            _ = try RedisConfig(parsing: "{\(fields)}")
            return []
        } catch {
            return error.problems
        }
    }

    @Test(
        "a server can be configured in each of these forms",
        arguments: [
            #""address": "redis""#, #""address": "redis.shop:6380""#, #""address": "[::1]:6379""#, #""address": "::1""#,
            #""url": "redis://redis""#, #""url": "rediss://:word@redis:6380/2""#, #""url": "unix:///run/redis.sock""#,
            #""url": "redis://user:p%40ss@[::1]:6379""#, #""address": "redis", "cluster": true"#,
            #""address": "redis", "tls": {}"#, #""address": "redis", "username": "u", "password": "p""#,
            #""sentinel": {"addresses": ["a", "b:26380"], "master": "main"}"#,
        ])
    func serverConfiguredForms(place: String) {
        #expect(problems(#"\#(place), "list": "jobs""#) == [])
    }

    @Test(
        "fields that do not fit together are refused with their path",
        arguments: [
            ("", ""), (#""address": "a", "url": "redis://b""#, "address"),
            (#""address": "a", "sentinel": {"addresses": ["a"], "master": "m"}"#, "address"),
            (#""address": "redis://a""#, "address"), (#""address": "a:b""#, "address"),
            (#""address": "a:0""#, "address"),
            (#""address": "a:70000""#, "address"), (#""address": "a:99999""#, "address"),
            (#""address": "a:+80""#, "address"),
            (#""address": "a:1:2""#, "address"), (#""address": "[::1]:99999""#, "address"),
            (#""address": "http://a:99999""#, "address"), (#""address": "a b""#, "address"),
            (#""address": "u@a""#, "address"),
            (#""address": "[::1""#, "address"), (#""address": ":6379""#, "address"),
            (#""url": "redis:a""#, "url"), (#""url": "http://a""#, "url"), (#""url": "redis://""#, "url"),
            (#""url": "redis://a/x""#, "url"), (#""url": "redis://a?db=1""#, "url"),
            (#""url": "redis://user@a""#, "url"),
            (#""url": "redis://u:p%zz@a""#, "url"), (#""url": "redis://u:p%2@a""#, "url"),
            (#""url": "redis://a:x""#, "url"), (#""url": "redis://a:99999""#, "url"),
            (#""url": "rediss://a:0/1""#, "url"),
            (#""url": "unix://redis.sock""#, "url"),
            (#""url": "redis://:p@a", "password": "p""#, "password"), (#""address": "a", "username": "u""#, "password"),
            (#""url": "redis://a/1", "database": 1"#, "database"), (#""address": "a", "database": -1"#, "database"),
            (#""url": "unix:///a", "cluster": true"#, "cluster"),
            (#""address": "a", "cluster": true, "database": 1"#, "database"),
            (#""sentinel": {"addresses": ["a"], "master": "m"}, "cluster": true"#, "cluster"),
            (#""sentinel": {"addresses": [], "master": "m"}"#, "sentinel.addresses"),
            (#""sentinel": {"addresses": ["a:b"], "master": "m"}"#, "sentinel.addresses[0]"),
            (#""sentinel": {"addresses": ["a", "b:99999"], "master": "m"}"#, "sentinel.addresses[1]"),
            (#""sentinel": {"addresses": ["a"]}"#, "sentinel.master"),
            (#""sentinel": {"addresses": ["a"], "master": "m", "username": "u"}"#, "sentinel.password"),
            (#""address": "a", "tls": {"cert": "/c"}"#, "tls.key"),
            (#""address": "a", "adress": "b""#, "adress"),
        ])
    func fieldsFitTogether(place: String, path: String) {
        let fields = (place.isEmpty ? "" : place + ", ") + #""list": "jobs""#
        #expect(problems(fields).map(\.path) == [path])
    }

    @Test(
        "a config must measure exactly one thing and name it completely",
        arguments: [
            ("", ""), (#""list": "a", "set": "b""#, ""), (#""key": "a", "keys": ["b"]"#, ""), (#""list": """#, "list"),
            (#""keys": []"#, "keys"), (#""keys": ["a", ""]"#, "keys"),
            (#""stream": {"key": "a"}"#, "stream.group"), (#""stream": {"group": "a"}"#, "stream.key"),
            (#""stream": {"key": "a", "measure": "pending"}"#, "stream.group"),
            (#""stream": {"key": "a", "group": "g", "measure": "length"}"#, "stream.group"),
            (#""stream": {"key": "a", "group": "g", "measure": "age"}"#, "stream.measure"),
            (#""sortedSet": {"key": "a", "min": "x"}"#, "sortedSet.min"),
            (#""sortedSet": {"key": "a", "max": "nan"}"#, "sortedSet.max"),
            (#""script": {"keys": ["a"]}"#, "script.source"),
        ])
    func configMeasureExactly(measurement: String, path: String) {
        let fields = #""address": "a""# + (measurement.isEmpty ? "" : ", " + measurement)
        #expect(problems(fields).map(\.path) == [path])
    }

    @Test("a config with too many keys is refused")
    func configTooMany() {
        let keys = (0...RedisLimits.maxKeys).map { "\"\($0)\"" }.joined(separator: ",")
        #expect(problems(#""address": "a", "keys": [\#(keys)]"#).map(\.path) == ["keys"])
    }

    @Test("the parts of a URL are read and decoded")
    func partsURLRead() throws {
        let url = try RedisURL("rediss://us%3Aer:p%40ss%2F@Redis.shop:6380/7")
        #expect(url.address == .tcp(host: "Redis.shop", port: 6_380))
        #expect(url.usesTLS)
        #expect(url.username == "us:er")
        #expect(url.password?.reveal() == "p@ss/")
        #expect(url.database == 7)
        let short = try RedisURL("redis://:word@[::1]")
        #expect(short.address == .tcp(host: "::1", port: 6_379))
        #expect(short.username == nil && short.password?.reveal() == "word" && short.database == nil && !short.usesTLS)
        #expect(try RedisURL("unix:///run/my%20redis.sock").address == .unix(path: "/run/my redis.sock"))
    }

    @Test("secrets are marked in the config schema, and no problem repeats one")
    func secretsMarkedConfig() {
        let properties = RedisConfig.configSchema["properties"]
        #expect(properties?["url"]?["x-secret"] == true)
        #expect(properties?["password"]?["x-secret"] == true)
        #expect(properties?["url"]?["x-address"] == true)
        #expect(properties?["address"]?["x-address"] == true)
        #expect(properties?["sentinel"]?["properties"]?["addresses"]?["x-address"] == true)
        #expect(properties?["sentinel"]?["properties"]?["password"]?["x-secret"] == true)
        #expect(properties?["tls"]?["properties"]?["key"]?["x-secret"] == true)
        for url in [
            "redis:canary", "canary://a", "redis://u:canary%zz@a", "redis://canary:canary@a:b", "redis://canary@a",
        ] {
            let found = problems(#""url": "\#(url)", "list": "l""#)
            #expect(found.map(\.path) == ["url"])
            #expect(found.first?.message.contains("canary") == false)
        }
    }

    @Test("the plugin's output contains no secret")
    func pluginOutputContains() async throws {
        let secrets = #""password": "canary-one", "tls": {"cert": "/none", "key": "canary-two"}"#
        let transcript = try await PluginTranscript(
            "generalscaler-plugin-redis", type: "redis",
            configs: [
                #"{"address": "127.0.0.1:1", "list": "l", "username": "u", \#(secrets)}"#,
                #"{"address": "127.0.0.1:1", "list": "l", "password": "canary-one"}"#,
                #"{"url": "redis://user:canary-three@127.0.0.1:1", "list": "l"}"#,
                #"{"url": "redis://user:canary-three@127.0.0.1:1/x", "list": "l"}"#,
                #"{"url": "canary-three", "list": "l", \#(secrets)}"#,
                #"{"sentinel": {"addresses": ["127.0.0.1:1"], "master": "m", "password": "canary-four"}, "list": "l"}"#,
                #"{"password": ["canary-five"], "list": "l"}"#,
            ])
        #expect(transcript.standardOutput.split(separator: "\n").count == 15)
        #expect(transcript.standardOutput.contains("127.0.0.1:1"))
        #expect(!transcript.everything.contains("canary"))
    }
}
