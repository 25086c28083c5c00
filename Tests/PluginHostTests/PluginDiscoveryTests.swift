import TestSupport
import Testing
import WireFormats

@testable import PluginHost

@Suite("Finding plugins")
struct PluginDiscoveryTests {
    private func find(
        _ directories: [String], manifest: PluginManifest = .none
    ) throws -> PluginDiscovery.Result {
        try PluginDiscovery.find(
            PluginHostConfiguration(
                directories: directories, hostVersion: "1",
                environment: ["PATH": "/bin", "https_proxy": "p", "AWS_SECRET": "no", "HOME": "/home/u"]),
            manifest: manifest)
    }

    @Test("executables with the plugin prefix are found, and get the allowed part of the environment")
    func byDirectory() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write("", to: "generalscaler-plugin-b", executable: true)
        try directory.write("", to: "generalscaler-plugin-a", executable: true)
        try directory.write("", to: "generalscaler-plugin-c")
        try directory.write("", to: "generalscaler-plugin-", executable: true)
        try directory.write("", to: "other", executable: true)
        let found = try find([directory.path, "\(directory.path)/missing"])
        #expect(found.programs.map(\.name) == ["a", "b"])
        #expect(found.programs.first?.path == "\(directory.path)/generalscaler-plugin-a")
        #expect(found.programs.first?.environment == ["PATH": "/bin", "https_proxy": "p"])
        #expect(found.warnings.count == 2)
        #expect(found.warnings.first?.contains("chmod +x") == true)
    }

    @Test("directories that a build leaves next to its programs are not plugins and cause no warning")
    func buildFolder() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write("", to: "generalscaler-plugin-a", executable: true)
        for name in ["a.product", "a.build", "b.dSYM"] { try directory.makeDirectory("generalscaler-plugin-\(name)") }
        let found = try find([directory.path])
        #expect(found.programs.map(\.name) == ["a"])
        #expect(found.warnings == [])
    }

    @Test("the project's own build directory has all its plugins and causes no warning")
    func ownBuildFolder() throws {
        let found = try find([BuiltExecutable.directory])
        let names = Set(found.programs.map(\.name))
        #expect(
            names.isSuperset(of: ["http", "kafka", "keda", "kubernetes", "postgresql", "prometheus", "pubsub", "redis"])
        )
        #expect(found.warnings == [])
    }

    @Test("of two plugins with one name, the one in the first directory is used, with a warning")
    func shadowed() throws {
        let first = try TemporaryDirectory()
        let second = try TemporaryDirectory()
        defer {
            first.remove()
            second.remove()
        }
        try first.write("", to: "generalscaler-plugin-a", executable: true)
        try second.write("", to: "generalscaler-plugin-a", executable: true)
        let found = try find([first.path, second.path])
        #expect(found.programs.map(\.path) == ["\(first.path)/generalscaler-plugin-a"])
        #expect(found.warnings.count == 1)
    }

    @Test(
        "the plugin manifest sets arguments, environment, defaults and calls in flight, and can name a program itself")
    func manifest() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write("", to: "generalscaler-plugin-a", executable: true)
        let text = """
            plugins:
              a:
                env: {MODE: fast, LEVEL: 3}
                defaults: {address: "http://x", retries: 2, tls: {verify: true}, list: [1, 2.5, null]}
                maxInFlight: 4
                allowedNetworks: [10.0.0.0/8, "fd00::/7"]
              b:
                argv: [/opt/b, --verbose, "7"]
            """
        let found = try find([directory.path], manifest: try PluginManifest(parsing: text, path: "plugins.yaml"))
        let (a, b) = (found.programs[0], found.programs[1])
        #expect(
            a.environment == [
                "PATH": "/bin", "https_proxy": "p", "MODE": "fast", "LEVEL": "3",
                "GENERALSCALER_ALLOWED_NETWORKS": "10.0.0.0/8 fd00::/7",
            ])
        #expect(
            a.defaults == ["address": "http://x", "retries": 2, "tls": ["verify": true], "list": [1, 2.5, nil]])
        #expect(a.maxInFlight == 4)
        #expect(b.path == "/opt/b")
        #expect(b.arguments == ["--verbose", "7"])
    }

    @Test(
        "an invalid plugin manifest is reported with its line",
        arguments: [
            ("plugin: {}", "plugins.yaml:1: plugin: is not a known field; known fields: plugins"),
            ("plugins:\n  a:\n    arg: [x]", "plugins.yaml:3: plugins.a.arg: is not a known field"),
            ("plugins:\n  a:\n    argv: run", "plugins.yaml:3: plugins.a.argv: must be a list"),
            ("plugins:\n  a:\n    argv: [run]", "plugins.yaml:3: plugins.a.argv: must begin with the absolute path"),
            ("plugins:\n  a:\n    argv: []", "must begin with the absolute path"),
            (
                "plugins:\n  a:\n    env: {A=B: x}",
                "plugins.yaml:3: plugins.a.env.A=B: \"A=B\" is not a valid name of an environment"
            ),
            ("plugins:\n  a:\n    env: {7_A: x}", "\"7_A\" is not a valid name of an environment variable"),
            ("plugins:\n  a:\n    env: {'': x}", "\"\" is not a valid name of an environment variable"),
            ("plugins:\n  a:\n    maxInFlight: 0", "plugins.yaml:3: plugins.a.maxInFlight: must be a whole number"),
            (
                "plugins:\n  a:\n    allowedAddresses: [http://*]",
                "plugins.yaml:3: plugins.a.allowedAddresses: \"http://*\""
            ),
            (
                "plugins:\n  a:\n    allowedNetworks:\n    - 10.0.0.0/8\n    - 10.0.0.0/33",
                "plugins.yaml:5: plugins.a.allowedNetworks: \"10.0.0.0/33\" is not an IP network"
            ),
            ("plugins:\n  a:\n    allowedNetworks: 10.0.0.0/8", "plugins.a.allowedNetworks: must be a list"),
            ("plugins:\n  a:\n    allowedNetworks: [redis.shop]", "\"redis.shop\" is not an IP network"),
            ("plugins:\n  a:\n    defaults: 7", "plugins.a.defaults: must be a mapping"),
            (
                "plugins:\n  a:\n    defaults:\n      b: .inf",
                "plugins.yaml:4: plugins.a.defaults: has a number that is not finite"
            ),
            ("plugins:\n  a: b: c", "plugins.yaml"),
            ("plugins:\n  - a", "plugins.yaml:2: plugins: must be a mapping"),
        ])
    func wrongManifest(text: String, problem: String) throws {
        let error = #expect(throws: PluginHostError.self) { try PluginManifest(parsing: text, path: "plugins.yaml") }
        #expect(error?.description.contains(problem) == true, "\(error.debugDescription)")
    }

    @Test("a manifest entry without a program is reported with the searched directories")
    func missingProgram() throws {
        let manifest = try PluginManifest(parsing: "plugins:\n  a: {maxInFlight: 1}", path: "plugins.yaml")
        let error = #expect(throws: PluginHostError.self) { try find(["/nowhere"], manifest: manifest) }
        #expect(error?.description.contains("no executable generalscaler-plugin-a in /nowhere") == true)
    }

    @Test("an empty manifest defines no plugins")
    func emptyManifest() throws {
        #expect(try PluginManifest(parsing: "", path: "p").plugins.isEmpty)
    }
}
