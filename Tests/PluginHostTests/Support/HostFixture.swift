import Glibc
import Logging
import ServiceLifecycle
import SystemIO
import TestSupport
import Testing

@testable import PluginHost

/// A host with a directory of scripts, which checks that the host leaves nothing behind.
struct HostFixture {
    let host: PluginHost
    let log: CapturedLog
    let directory: String
    /// The host's TMPDIR.
    let temporary: String
    /// The manual clock, if the test controls the time.
    let clock: ManualClock?

    /// Runs a host during the body, then shuts it down gracefully and checks that no process and no pipe is left.
    static func run(
        _ plugins: [String: PluginScript], files: [String: String] = [:], manifest: String? = nil,
        clock: ManualClock? = nil, launcher: String? = nil, restsAfter: Duration? = nil, waitsForStart: Bool = true,
        configure: (inout PluginHostConfiguration) -> Void = { _ in },
        body: (HostFixture) async throws -> Void
    ) async throws {
        await HostSlots.shared.enter()
        let result: Result<Void, any Error>
        do {
            try await runInTurn(
                plugins, files: files, manifest: manifest, clock: clock, launcher: launcher, restsAfter: restsAfter,
                waitsForStart: waitsForStart, configure: configure, body: body)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await HostSlots.shared.leave()
        try result.get()
    }

    private static func runInTurn(
        _ plugins: [String: PluginScript], files: [String: String], manifest: String?, clock: ManualClock?,
        launcher: String?, restsAfter: Duration?, waitsForStart: Bool,
        configure: (inout PluginHostConfiguration) -> Void, body: (HostFixture) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        // Plugins may read their own directory, but neither the manifest nor each other's directories.
        let own = try TemporaryDirectory()
        defer { own.remove() }
        try own.makeDirectory("tmp")
        for (name, script) in plugins {
            try directory.write(script.text, to: "generalscaler-plugin-\(name)", executable: true)
        }
        try directory.makeDirectory("tmp")
        for (name, text) in files { try directory.write(text, to: name, executable: true) }
        var configuration = PluginHostConfiguration(
            directories: [directory.path], hostVersion: "1.0",
            environment: [
                "PATH": environment("PATH") ?? "/usr/bin:/bin", "SECRET": "never", "TMPDIR": "\(own.path)/tmp",
            ])
        if let manifest {
            try own.write(manifest, to: "plugins.yaml")
            configuration.manifest = "\(own.path)/plugins.yaml"
        }
        if let launcher { configuration.launcher = launcher }
        configuration.restsAfter = restsAfter
        configure(&configuration)
        let log = CapturedLog()
        let host = try PluginHost(
            configuration: configuration, time: clock?.time ?? .system, random: { 0.5 }, logger: log.logger)
        let fixture = HostFixture(
            host: host, log: log, directory: directory.path, temporary: "\(own.path)/tmp", clock: clock)
        let group = ServiceGroup(services: [host], logger: .silent)
        async let running: Void = group.run()
        if waitsForStart { await host.untilStarted() }
        var pipes: Set<String> = []
        for health in await host.health() {
            if let process = health.processID { pipes.formUnion(Self.pipes(of: process)) }
        }
        let result: Result<Void, any Error>
        do {
            try await body(fixture)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await group.triggerGracefulShutdown()
        // From here on, the clock advances whenever a task sleeps.
        let driver = clock.map { clock in Task { await drive(clock) } }
        try await running
        driver?.cancel()
        await driver?.value
        expectNothingLeft(directory: directory.path, temporary: "\(own.path)/tmp", pipes: pipes)
        try result.get()
    }

    /// Returns the health of the single plugin.
    func health() async throws -> PluginHealth { try #require(await host.health().first) }

    /// Returns the process id of the single plugin.
    func process() async throws -> Int32 { try #require(try await health().processID) }

    /// Returns the contents of a file that a plugin wrote into the directory.
    func contents(_ name: String) throws -> String {
        guard let file = fopen("\(directory)/\(name)", "re") else { throw SystemError("fopen") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    static func expectNothingLeft(directory: String, temporary: String, pipes: Set<String>) {
        let left = ProcessTable.entries().filter { entry in
            ["cmdline", "environ"].contains { text($0, of: entry.id).contains(directory) }
        }
        #expect(left.isEmpty, "these processes outlive their host: \(left)")
        let entries = TemporaryDirectory.entries(of: temporary)
        #expect(entries.isEmpty, "these temporary directories outlive their plugins: \(entries)")
        let open = Self.pipes(of: getpid()).intersection(pipes)
        #expect(open.isEmpty, "these pipes outlive their host: \(open)")
    }

    /// Runs the body while the clock advances whenever a task sleeps.
    func whileTimeFlies<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        let driver = clock.map { clock in Task { await Self.drive(clock) } }
        defer { driver?.cancel() }
        return try await body()
    }

    private static func drive(_ clock: ManualClock) async {
        while (try? await clock.sleepers()) != nil {
            clock.advanceToNextSleeper()
            await Task.yield()
        }
    }

    static func exists(_ process: Int32) -> Bool { kill(process, 0) == 0 }

    static func pipes(of process: Int32) -> Set<String> {
        var pipes: Set<String> = []
        for descriptor in 0..<512 {
            var target = [CChar](repeating: 0, count: 128)
            let count = readlink("/proc/\(process)/fd/\(descriptor)", &target, 127)
            guard count > 0 else { continue }
            let name = String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if name.hasPrefix("pipe:") { pipes.insert(name) }
        }
        return pipes
    }

    private static func text(_ name: String, of process: Int32) -> String {
        guard let file = fopen("/proc/\(process)/\(name)", "re") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count).map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
    }
}

/// Returns a variable of the tests' own environment.
func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
