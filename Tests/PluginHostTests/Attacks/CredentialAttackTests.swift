import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

/// A tenant whose config names its own server, and leaves the credentials to the administrator's defaults.
@Suite("Attacks on the administrator's credentials", .timeLimit(.minutes(5)))
struct CredentialAttackTests {
    /// A plugin that answers with its config.
    private static let mirror = PluginScript(
        types: ["mirror"],
        handshake: """
                    secret = {"type": "string", "x-secret": True}
                    ok(m, {"protocolVersion": 1, "plugin": {"name": "mirror", "version": "1"}, "capabilities": {},
                        "metricTypes": [{"type": "mirror", "description": "", "defaultTargetType": "Value",
                        "configSchema": {"type": "object", "properties": {
                            "address": {"type": "string", "x-address": True},
                            "url": {"type": "string", "x-address": True, "x-secret": True},
                            "sentinel": {"properties": {"addresses": {"type": "array", "items": {"x-address": True}}}},
                            "headers": {"additionalProperties": secret},
                            "password": secret,
                            "tls": {"properties": {
                                "ca": {"x-server-trust": True}, "serverName": {"x-server-trust": True},
                                "insecureSkipVerify": {"x-server-trust": True}, "cert": {}}},
                            "auth": {"properties": {
                                "token": secret, "tokenFile": {"x-credential-file": True},
                                "cloud": {"x-operator-identity": True, "properties": {"key": secret}}}},
                            "query": {}}}}]})
            """,
        body: """
                if m["method"] == "shutdown":
                    ok(m, {})
                    break
                print("got", json.dumps(m["params"]["config"], sort_keys=True), file=sys.stderr, flush=True)
                ok(m, {"value": 1, "observedAt": "2026-01-01T00:00:00Z"})
            """)

    private static let manifest = """
        plugins:
          mirror:
            defaults:
              address: "https://prometheus.monitoring:9090"
              auth: {token: "adm1n-t0ken"}
              headers: {X-Key: "adm1n-header"}
              password: "adm1n-password"
              query: up
            allowedAddresses:
              - "*.tenants.example:9090"
              - "evil.example"
              - {address: "https://second.monitoring:9090", credentials: true}
        """

    /// Returns the members of the config in a call with a tenant's config; nil if it is refused.
    private func sent(_ fixture: HostFixture, _ own: JSON) async throws -> JSON? {
        let defaulted = fixture.host.defaulted(type: "mirror", own: own)
        do throws(PluginFailure) {
            _ = try await fixture.host.read(
                type: "mirror", config: PluginConfig(defaulted.json, inherited: defaulted.inherited),
                targetType: .value, timeout: .seconds(30))
        } catch {
            guard case .addressRefused = error.kind else { throw error }
            return nil
        }
        return defaulted.json
    }

    private func run(_ manifest: String = manifest, _ body: (HostFixture) async throws -> Void) async throws {
        try await HostFixture.run(["mirror": Self.mirror], manifest: manifest, body: body)
    }

    private static let credentials = ["auth", "headers", "password"]

    @Test(
        "default credentials are not sent if the tenant names another server, in any field and form",
        arguments: [
            ["address": "http://own.tenants.example:9090"], ["address": "http://prometheus.monitoring.:9090"],
            ["address": "https://prometheus.monitoring:9090/"],
            ["address": "https://prometheus.monitoring:9090@evil.example"],
            ["url": "redis://own.tenants.example:9090"], ["sentinel": ["addresses": ["own.tenants.example:9090"]]],
            ["address": ["valueFrom": ["secretKeyRef": ["name": "a", "key": "b"]]]], ["address": 7], ["address": nil],
            ["address": ""], ["address": []], ["address": [:]], ["address": ["https://prometheus.monitoring:9090"]],
            ["address": "https://PROMETHEUS.monitoring.:9090"], ["address": nil, "url": "https://evil.example"],
            ["address": "https://second.monitoring:9090", "url": "redis://own.tenants.example:9090"],
        ] as [JSON])
    func override(own: JSON) async throws {
        try await run { fixture async throws in
            let members = fixture.host.defaulted(type: "mirror", own: own).json
            for name in Self.credentials { #expect(members[name] == nil, "\(name) goes along with \(own)") }
            #expect(members["query"] == "up")
            _ = try await sent(fixture, own)
            for record in fixture.log.records { #expect(record.metadata["line"]?.contains("adm1n") != true) }
        }
    }

    @Test(
        "default credentials go to the default's own address and to addresses that allowedAddresses names for them",
        arguments: [
            [:], ["address": "https://prometheus.monitoring:9090"], ["address": "https://second.monitoring:9090"],
            ["query": "down"],
        ] as [JSON])
    func own(own: JSON) async throws {
        try await run { fixture async throws in
            let members = try #require(try await sent(fixture, own))
            for name in Self.credentials { #expect(members[name] != nil, "\(name) is missing") }
        }
    }

    @Test(
        "a file or an identity of the operator goes only to servers that the administrator named for it",
        arguments: [
            (["tokenFile": "/var/run/secrets/token"], false), (["cloud": [:]], false),
            (["cloud": ["region": "x"]], false),
            (["cloud": ["key": "mine"]], true), (["token": "mine"], true), (["tokenFile": "relative"], false),
            (["tokenFile": "../../../var/run/secrets/token"], false), (["tokenFile": "/a-----BEGIN"], false),
            (["tokenFile": ["/var/run/secrets/token"]], false), (["tokenFile": "-----BEGIN PRIVATE KEY-----"], true),
            (["tokenFile": ""], true),
        ] as [(JSON, Bool)])
    func identity(auth: JSON, isOwn: Bool) async throws {
        try await run { fixture async throws in
            let foreign: JSON = ["address": "http://own.tenants.example:9090", "auth": auth]
            let isSent = try await sent(fixture, foreign) != nil
            #expect(isSent == isOwn)
            let named: JSON = ["address": "https://second.monitoring:9090", "auth": auth]
            #expect(try await sent(fixture, named) != nil)
        }
    }

    @Test(
        "default credentials are not sent if the tenant removes an address of the defaults",
        arguments: [
            ["sentinel": [:]], ["sentinel": nil], ["sentinel": ["addresses": nil]], ["sentinel": ["addresses": []]],
            ["sentinel": ["addresses": [nil]]], ["sentinel": []], ["sentinel": "sentinel:26379"],
        ] as [JSON])
    func dropped(own: JSON) async throws {
        let manifest = """
            plugins:
              mirror: {defaults: {sentinel: {addresses: ["sentinel:26379"]}, password: "adm1n-password", query: up}}
            """
        try await run(manifest) { fixture async throws in
            let members = fixture.host.defaulted(type: "mirror", own: own).json
            #expect(members["password"] == nil, "\(own)")
            #expect(members["query"] == "up")
            #expect(fixture.host.defaulted(type: "mirror", own: ["query": "x"]).json["password"] != nil)
        }
    }

    private static let pem = "-----BEGIN CERTIFICATE-----"

    @Test(
        "default credentials and files are not sent if the tenant decides how the server is verified",
        arguments: [
            (["insecureSkipVerify": true], "{}", false), (["serverName": "evil.example"], "{}", false),
            (["ca": .string(pem)], "{}", false), (["ca": .string("/x\n\(pem)")], "{}", false),
            (["ca": "/ca", "insecureSkipVerify": true], "{ca: /ca}", false),
            (nil, "{ca: /ca}", false), ([:], "{ca: /ca}", false), (["ca": nil], "{ca: /ca}", false), (nil, "{}", false),
            (["insecureSkipVerify": false], "{ca: /ca}", false), (["ca": "relative"], "{ca: /ca}", false),
            (["ca": "/other"], "{ca: /ca}", true), (["ca": "/ca"], "{ca: /ca}", true), ([:], "{}", true),
            (["cert": "c"], "null", true), (["insecureSkipVerify": false], "null", true),
            (["insecureSkipVerify": true], "{insecureSkipVerify: true}", true),
        ] as [(JSON, String, Bool)])
    func verification(tls: JSON, defaults: String, isTrusted: Bool) async throws {
        let tlsDefault = defaults == "null" ? "" : ", tls: \(defaults)"
        let manifest = """
            plugins:
              mirror: {defaults: {address: "https://own:1", password: "adm1n-password"\(tlsDefault)}}
            """
        try await run(manifest) { fixture async throws in
            let members = fixture.host.defaulted(type: "mirror", own: ["tls": tls]).json
            #expect((members["password"] != nil) == isTrusted)
            #expect((try await sent(fixture, ["tls": tls, "auth": ["tokenFile": "/token"]]) != nil) == isTrusted)
            // With its own credentials, a config may trust any server.
            #expect(try await sent(fixture, ["tls": tls, "password": "mine"]) != nil)
            // A config that was created before the plugin had declared its fields.
            let early = PluginConfig(
                ["address": "https://own:1", "password": "adm1n-password", "tls": tls],
                inherited: ["address", "password"])
            let reading = try? await fixture.host.read(
                type: "mirror", config: early, targetType: .value, timeout: .seconds(30))
            #expect((reading != nil) == isTrusted)
        }
    }

    @Test("whether a member with a secret repeats that of the defaults does not decide whether it chooses trust")
    func repeatedSecret() {
        let schema: JSON = [
            "properties": [
                "auth": ["properties": ["secret": ["x-secret": true], "insecure": ["x-server-trust": true]]],
                "tls": ["properties": ["insecure": ["x-server-trust": true]]],
            ]
        ]
        let marks = MetricMarks(
            MetricTypeDescription(type: "t", description: "", configSchema: schema, defaultTargetType: .value))
        let defaults: [String: JSON] = [
            "auth": ["secret": "adm1n-secret", "insecure": true], "tls": ["insecure": true],
        ]
        for guess in ["adm1n-secret", "another-guess"] {
            let own: JSON = ["auth": ["secret": .string(guess), "insecure": true], "tls": ["insecure": true]]
            #expect(marks.memberThatChoosesTrust(in: own, defaults: defaults) == "auth")
        }
        #expect(marks.memberThatChoosesTrust(in: ["tls": ["insecure": true]], defaults: defaults) == nil)
    }

    @Test("the project's own plugins mark the fields that decide how a server is verified")
    func shippedPlugins() async throws {
        let manifest = """
            plugins:
              redis: {defaults: {address: "redis.shop:6379", password: "adm1n-password"}}
              prometheus: {defaults: {address: "https://own:1", headers: {X-Key: "adm1n-header"}}}
            """
        try await HostFixture.run([:], manifest: manifest) {
            $0.directories = [BuiltExecutable.directory]
        } body: { fixture async throws in
            for type in ["redis", "prometheus"] {
                while fixture.host.metricType(type) == nil { await Task.yield() }
            }
            let choices: [JSON] = [["insecureSkipVerify": true], ["serverName": "x"], ["ca": .string(Self.pem)]]
            for (type, field) in [("redis", "password"), ("prometheus", "headers")] {
                #expect(fixture.host.defaulted(type: type, own: ["tls": [:]]).json[field] != nil)
                for tls in choices {
                    #expect(fixture.host.defaulted(type: type, own: ["tls": tls]).json[field] == nil, "\(tls)")
                }
            }
        }
    }

    @Test("http uses the operator's cloud identities only with addresses that are named for them")
    func cloudIdentities() async throws {
        let manifest = """
            plugins:
              http:
                allowedAddresses:
                  - {address: "https://monitoring.googleapis.com", credentials: true}
                  - https://compute.googleapis.com
            """
        try await HostFixture.run([:], manifest: manifest) {
            $0.directories = [BuiltExecutable.directory]
        } body: { fixture async throws in
            while fixture.host.metricType("http") == nil { await Task.yield() }
            func faults(_ host: String, _ auth: JSON) async -> [String] {
                let config = PluginConfig(["url": .string("https://\(host).googleapis.com/v1/x"), "auth": auth])
                guard case .invalid(let problems) = await fixture.host.validate(type: "http", config: config) else {
                    return []
                }
                return problems.map(\.path)
            }
            let own: [JSON] = [
                ["google": [:]], ["google": ["credentials": nil]],
                ["google": ["scope": "https://www.googleapis.com/auth/compute"]],
                ["sigv4": ["region": "eu-west-1", "service": "sqs"]],
            ]
            for auth in own {
                #expect(await faults("compute", auth) == ["url"], "\(auth)")
                #expect(await faults("monitoring", auth) == [], "\(auth)")
            }
            #expect(await faults("compute", ["bearer": ["token": "mine"]]) == [])
        }
    }

    @Test("prometheus uses the operator's Google identity only with addresses that are named for it")
    func prometheusIdentity() async throws {
        let google = "googleapis.com/v1/projects/shop/location/global/prometheus"
        let manifest = """
            plugins:
              prometheus:
                defaults: {address: "https://own.\(google)", auth: {googleMetadata: {}}}
                allowedAddresses:
                  - {address: "https://monitoring.googleapis.com", credentials: true}
                  - https://compute.googleapis.com
            """
        try await HostFixture.run([:], manifest: manifest) {
            $0.directories = [BuiltExecutable.directory]
        } body: { fixture async throws in
            while fixture.host.metricType("prometheus") == nil { await Task.yield() }
            func faults(_ own: [String: JSON]) async -> [String] {
                let defaulted = fixture.host.defaulted(type: "prometheus", own: .object(own))
                let members = (defaulted.json.objectValue ?? [:]).merging(["query": "up"]) { $1 }
                let config = PluginConfig(.object(members), inherited: defaulted.inherited)
                guard case .invalid(let problems) = await fixture.host.validate(type: "prometheus", config: config)
                else { return [] }
                return problems.map(\.path)
            }
            let identity: JSON = ["googleMetadata": [:]]
            let address: [String: JSON] = ["compute", "monitoring", "own"].reduce(into: [:]) {
                $0[$1] = .string("https://\($1).\(google)")
            }
            #expect(await faults(["address": address["compute"] ?? .null, "auth": identity]) == ["address"])
            #expect(await faults(["address": address["monitoring"] ?? .null, "auth": identity]) == [])
            #expect(await faults(["address": address["own"] ?? .null, "auth": identity]) == [])
            // The defaults' own server, and the same with another project.
            #expect(await faults([:]) == [])
            #expect(await faults(["address": .string("https://own.\(google)-2"), "auth": identity]) == ["address"])
            #expect(
                fixture.host.defaulted(type: "prometheus", own: ["address": address["compute"] ?? .null])
                    .json["auth"] == nil)
        }
    }

    @Test("default credentials are not sent to another server even without allowedAddresses")
    func withoutList() async throws {
        let manifest = """
            plugins:
              mirror: {defaults: {address: "http://prometheus:9090", password: "adm1n-password"}}
            """
        try await run(manifest) { fixture async throws in
            let members = try #require(try await sent(fixture, ["address": "http://anywhere.example"]))
            #expect(members["password"] == nil)
            #expect(try await sent(fixture, ["address": "http://anywhere.example", "auth": ["cloud": [:]]]) == nil)
        }
    }

    @Test("a default that holds a secret is never compared with the value in a tenant's config")
    func secretAddress() async throws {
        let manifest = """
            plugins:
              mirror: {defaults: {url: "redis://:adm1n-password@redis.shop:6379"}, allowedAddresses: ["other.shop:1"]}
            """
        try await run(manifest) { fixture async throws in
            let right: JSON = ["url": "redis://:adm1n-password@redis.shop:6379"]
            let wrong: JSON = ["url": "redis://:another-guess@redis.shop:6379"]
            #expect(try await sent(fixture, right) == nil)
            #expect(try await sent(fixture, wrong) == nil)
            #expect(try await sent(fixture, [:]) != nil)
        }
        // Without a list, the other credentials of the defaults would show whether the guess is right.
        let free = """
            plugins:
              mirror: {defaults: {url: "redis://:adm1n-password@redis.shop:6379", headers: {X-Key: "adm1n-header"}}}
            """
        try await run(free) { fixture async throws in
            for word in ["adm1n-password", "another-guess"] {
                let own: JSON = ["url": .string("redis://:\(word)@redis.shop:6379")]
                #expect(try await sent(fixture, own)?["headers"] == nil)
            }
        }
    }
}
