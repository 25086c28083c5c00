import PluginSDK
import Testing

@testable import generalscaler_plugin_keda

@Suite("the config of an external scaler")
struct KedaConfigTests {
    private func problems(_ fields: String) -> [String] {
        do {
            _ = try KedaConfig(parsing: "{\(fields)}")
            return []
        } catch {
            return error.problems.map(\.path)
        }
    }

    @Test(
        "a valid config is accepted",
        arguments: [
            #""address": "scaler.shop:9090""#, #""address": "scaler""#, #""address": "[fd00::7]:9090", "tls": {}"#,
            #""address": "10.0.0.7:1", "metadata": {"a.b": "", "ü": "1"}, "secretMetadata": {"key": "s"}"#,
            #""address": "s:9090", "tls": {"serverName": "scaler.internal"}, "name": "n", "namespace": "ns""#,
        ])
    func valid(fields: String) {
        #expect(problems(fields) == [])
    }

    @Test(
        "an invalid config is rejected with the path of the field",
        arguments: [
            (#""metadata": {}"#, "address"), (#""address": """#, "address"),
            (#""address": "http://scaler:9090""#, "address"), (#""address": "dns:///scaler:9090""#, "address"),
            (#""address": "scaler:0""#, "address"), (#""address": "scaler:65536""#, "address"),
            (#""address": "unix:///run/s.sock""#, "address"), (#""address": "\#u{FEFF}scaler:9090""#, "address"),
            (#""address": "s:1", "metadata": {"a": 1}"#, "metadata.a"),
            (#""address": "s:1", "metadata": {"a": "1"}, "secretMetadata": {"a": "2"}"#, "secretMetadata.a"),
            (#""address": "s:1", "tls": {"serverName": "10.0.0.1"}"#, "tls.serverName"),
            (#""address": "s:1", "tls": {"cert": "/c.pem"}"#, "tls.key"),
        ])
    func invalid(fields: String, path: String) {
        #expect(problems(fields).contains(path), "\(problems(fields))")
    }

    @Test("more than 128 entries of metadata are rejected")
    func metadataLimit() {
        func entries(_ range: Range<Int>) -> String { range.map { #""k\#($0)": "v""# }.joined(separator: ",") }
        let most = #""address": "s:1", "metadata": {\#(entries(0..<100))}, "secretMetadata": {\#(entries(100..<128))}"#
        #expect(problems(most) == [])
        #expect(problems(#""address": "s:1", "metadata": {\#(entries(0..<129))}"#) == ["metadata"])
    }

    @Test("the scaler gets its address, the metadata and the secret metadata")
    func reference() throws {
        let config = try KedaConfig(
            parsing:
                #"{"address": "s:1", "metadata": {"a": "1"}, "secretMetadata": {"b": "2"}, "name": "n", "namespace": "ns"}"#
        )
        #expect(
            ScaledObjectRef(config)
                == ScaledObjectRef(name: "n", namespace: "ns", metadata: ["scalerAddress": "s:1", "a": "1", "b": "2"]))
    }

    @Test("the authority of requests is the name in tls, otherwise the address, and none for an IP address")
    func authority() throws {
        for (fields, authority) in [
            (#""address": "s:1""#, "s:1"), (#""address": "s""#, "s:443"), (#""address": "10.0.0.7:1""#, nil),
            (#""address": "[fd00::7]:1""#, nil), (#""address": "10.0.0.7:1", "tls": {"serverName": "x.y"}"#, "x.y"),
        ] as [(String, String?)] {
            let config = try KedaConfig(parsing: "{\(fields)}")
            #expect(try ScalerEndpoint(config, files: NoFiles()).authority == authority, "\(fields)")
        }
    }
}
