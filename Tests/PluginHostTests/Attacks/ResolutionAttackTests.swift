import Foundation
import Subprocess
import SystemPackage
import TestSupport
import Testing
import WireFormats

/// Names that do not lead where the administrator means, in a network with a DNS server of the attacker's.
///
/// Calls go to a plugin as the host makes them, with a credential of the administrator's. A test passes if no server but
/// the good one, 203.0.113.7, ever got a connection.
@Suite("Attacks through name resolution", .timeLimit(.minutes(3)), .needs(.network))
struct ResolutionAttackTests {
    private static let good = "203.0.113.7"
    private static let evil = "198.51.100.9"
    private static let networks = ["GENERALSCALER_ALLOWED_NETWORKS": "203.0.113.0/24 fd00:7::/32"] as JSON
    /// Where a name may lead to at no time.
    private static let reserved = [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "169.254.169.254", "100.100.100.200", "::1", "::", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "fd00:ec2::254",
    ]

    private struct Outcome {
        /// The error messages, and for a reading its value as text.
        let answers: [String]
        let visits: [(address: String, received: String)]

        var elsewhere: [String] { visits.map(\.address).filter { $0 != good } }
    }

    private func play(
        _ source: String, names: [String: [[String]]], _ configs: [[String: JSON]], environment: JSON = [:],
        replies: JSON = ["LLEN": ":42\r\n"]
    ) async throws -> Outcome {
        let scene: JSON = [
            "program": .string(BuiltExecutable.path("generalscaler-plugin-\(source)")),
            "type": .string(source == "keda" ? "keda-external" : source),
            "names": .object(names.mapValues { sets in .array(sets.map { .array($0.map(JSON.string)) }) }),
            "configs": .array(configs.map(JSON.object)), "environment": environment, "replies": replies,
        ]
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/lying_names.py").path
        let command = KernelFeature.inNetworkNamespace + ["/usr/bin/python3", script]
        let result = try await run(
            .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
            input: .string("\(scene)\n"), output: .string(limit: 1 << 22), error: .string(limit: 1 << 20))
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
        let told = try JSON(parsing: Array(result.standardOutput.utf8))
        return Outcome(
            answers: (told["answers"]?.arrayValue ?? []).map { answer in
                answer["error"]?["message"]?.stringValue ?? "\(answer["result"]?["value"] ?? .null)"
            },
            visits: (told["visits"]?.arrayValue ?? []).map {
                ($0["address"]?.stringValue ?? "", $0["received"]?.stringValue ?? "")
            })
    }

    /// Returns a config for each name, with a credential.
    private func configs(_ source: String, _ names: [String]) -> [[String: JSON]] {
        names.map { name in
            let url = JSON.string("http://\(name):9090")
            return switch source {
            case "redis": ["address": .string(name), "list": "l", "password": "s3cret"]
            case "postgresql":
                [
                    "address": .string("\(name):9090"), "database": "shop", "username": "scaler", "password": "s3cret",
                    "query": "SELECT 1",
                ]
            case "prometheus":
                ["address": url, "query": "up", "auth": ["bearer": ["token": "s3cret"]]]
            case "http":
                [
                    "url": .string("http://\(name):9090/api/v1/query"), "jsonPath": "$.data.result[0].value[1]",
                    "auth": ["bearer": ["token": "s3cret"]],
                ]
            case "kafka":
                [
                    "brokers": [.string("\(name):9090")], "group": "shop", "topics": ["orders"],
                    "sasl": ["mechanism": "PLAIN", "username": "scaler", "password": "s3cret"],
                ]
            case "keda":
                ["address": .string("\(name):9090"), "secretMetadata": ["key": "s3cret"]]
            default:
                [
                    "project": "shop", "subscription": "orders", "credentials": "SERVICE_ACCOUNT", "endpoint": url,
                    "tokenEndpoint": url,
                ]
            }
        }
    }

    @Test(
        "a name that leads to the machine, its link or a metadata server gets no connection, despite other records",
        arguments: ["redis", "prometheus", "pubsub", "postgresql", "http", "kafka", "keda"])
    func reservedAddresses(source: String) async throws {
        let names = Self.reserved.indices.map { "n\($0).shop.example" }
        let outcome = try await play(
            source, names: Dictionary(uniqueKeysWithValues: zip(names, Self.reserved.map { [[$0]] })),
            configs(source, names))
        #expect(outcome.visits.isEmpty, "\(outcome.visits)")
        for (address, answer) in zip(Self.reserved, outcome.answers) {
            #expect(answer.contains("its address is "), "\(address): \(answer)")
        }
        #expect(outcome.answers.count == Self.reserved.count)
    }

    @Test(
        "a name with an allowed and a forbidden address leads to the allowed one",
        arguments: ["redis", "prometheus", "pubsub", "http"])
    func mixedAddresses(source: String) async throws {
        let outcome = try await play(
            source,
            names: [
                "a.example": [["127.0.0.1", Self.good]], "b.example": [[Self.good, Self.evil, "169.254.169.254"]],
                "c.example": [["::1", "fd00:ec2::254", Self.evil, Self.good]],
            ], configs(source, ["a.example", "b.example", "c.example"]), environment: Self.networks)
        #expect(outcome.answers.allSatisfy { $0 == "42" }, "\(outcome.answers)")
        #expect(outcome.elsewhere.isEmpty && !outcome.visits.isEmpty)
    }

    @Test(
        "a connection to a database or broker uses only the addresses of its name that are in allowedNetworks",
        arguments: ["postgresql", "kafka", "keda"])
    func databaseAddresses(source: String) async throws {
        let outcome = try await play(
            source,
            names: [
                "a.example": [["127.0.0.1", Self.good]], "b.example": [[Self.good, Self.evil, "169.254.169.254"]],
            ],
            configs(source, ["a.example", "b.example"]), environment: Self.networks)
        #expect(outcome.elsewhere.isEmpty, "\(outcome.visits)")
        #expect(Set(outcome.visits.map(\.address)) == [Self.good])
        #expect(outcome.answers.count == 2)
    }

    @Test(
        "a name that is rebound between two lookups leads to allowedNetworks at each or to no connection",
        arguments: ["redis", "prometheus", "pubsub", "http"])
    func rebinding(source: String) async throws {
        var names: [String: [[String]]] = [:]
        for number in 0..<6 {
            names["r\(number).example"] =
                number.isMultiple(of: 2) ? [[Self.good], [Self.evil]] : [[Self.evil], [Self.good]]
        }
        // Redis connects, and looks the name up, for each call; libcurl's cache keeps a name for the others.
        let calls = names.keys.sorted().flatMap { [$0, $0, $0] }
        let outcome = try await play(source, names: names, configs(source, calls), environment: Self.networks)
        #expect(outcome.elsewhere.isEmpty, "\(outcome.visits)")
        #expect(outcome.answers.count == calls.count)
        #expect(outcome.answers.contains("42"))
        #expect(outcome.answers.contains { $0.contains("is in none of the networks of allowedNetworks") })
        #expect(outcome.answers.allSatisfy { $0 == "42" || $0.contains("its address is \(Self.evil)") })
    }

    @Test(
        "a node that a Sentinel or a cluster names gets no password at an address that the config may not lead to",
        arguments: [Self.evil, "127.0.0.1", "169.254.169.254", "fd00:ec2::254", "lying.example", "localhost"])
    func discoveredNodes(node: String) async throws {
        let master = "*2\r\n$\(node.utf8.count)\r\n\(node)\r\n$4\r\n6379\r\n"
        let slots = "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$\(node.utf8.count)\r\n\(node)\r\n:6379\r\n"
        let replies: JSON = [
            "SENTINEL": .string(master), "CLUSTER": .string(slots), "LLEN": .string("-MOVED 7 \(node):6379\r\n"),
        ]
        let outcome = try await play(
            "redis", names: ["redis.example": [[Self.good]], "lying.example": [["127.0.0.1"], [Self.evil]]],
            [
                [
                    "sentinel": ["addresses": ["redis.example:6379"], "master": "m"], "list": "l", "password": "s3cret",
                ],
                ["address": "redis.example", "cluster": true, "list": "l", "password": "s3cret"],
            ], environment: Self.networks, replies: replies)
        #expect(outcome.elsewhere.isEmpty, "\(outcome.visits)")
        #expect(!outcome.visits.isEmpty)
        #expect(outcome.answers.allSatisfy { $0.contains("its address is ") }, "\(outcome.answers)")
    }

    @Test("the operator's Google credentials start no handshake with a server outside of Google's networks")
    func google() async throws {
        let outcome = try await play(
            "pubsub",
            names: ["oauth2.googleapis.com": [[Self.evil]], "monitoring.googleapis.com": [["127.0.0.1"]]],
            [["project": "shop", "subscription": "orders"]], environment: Self.networks)
        #expect(outcome.visits.isEmpty, "\(outcome.visits)")
        #expect(outcome.answers.first?.contains("its address is \(Self.evil)") == true, "\(outcome.answers)")
    }

    @Test("an IP address or localhost in the config is the server that is meant, and allowedNetworks applies to it too")
    func literals() async throws {
        let hosts = ["127.0.0.1", "localhost", "[::1]", Self.evil]
        let free = try await play("redis", names: [:], configs("redis", hosts))
        #expect(free.visits.map(\.address) == ["127.0.0.1", "127.0.0.1", "::1", Self.evil])
        let bound = try await play("redis", names: [:], configs("redis", hosts), environment: Self.networks)
        #expect(bound.visits.isEmpty)
        #expect(bound.answers.allSatisfy { $0.contains("is in none of the networks") }, "\(bound.answers)")
        // A list with something else in it is none that allows everything.
        let broken = try await play(
            "redis", names: [:], configs("redis", [Self.good]),
            environment: ["GENERALSCALER_ALLOWED_NETWORKS": "203.0.113.0/33 any"])
        #expect(broken.visits.isEmpty)
    }
}
