import CLinux
import Foundation
import TestSupport
import Testing
import WireFormats

@testable import PluginConformance

/// Plugins that look right and are broken in a way that only production would show.
@Suite("Plugins with a hidden fault", .timeLimit(.minutes(10)))
struct BlindSpotTests {
    private func check(
        _ extra: String, capabilities: String = "{}", configure: (inout CheckOptions) -> Void = { _ in }
    ) async throws -> CheckReport {
        let plugin = try ScriptedPlugin(capabilities: capabilities, extra: extra)
        var options = CheckOptions()
        options.launcher = BuiltExecutable.path("generalscaler-launch")
        configure(&options)
        return try await CheckFixture.check(plugin.command, options)
    }

    private func expect(_ rule: RuleID, in report: CheckReport, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(
            report.failures.map(\.rule.id) == [rule], "\(ReportFormat.human.text(report, colors: false))",
            sourceLocation: sourceLocation)
    }

    // MARK: Processes and memory

    @Test("a plugin that moves into the background fails on P-42")
    func daemon() async throws {
        let report = try await check("import os\nif os.fork(): os._exit(0)")
        expect(.staysAlive, in: report)
        #expect(report.failures.first?.findings.first?.fix?.contains("stay in the foreground") == true)
    }

    @Test(
        "a plugin that keeps 1 MiB of each call fails on P-43, whether it has touched the memory or not",
        arguments: ["b'x' * (1 << 20)", "bytes(1 << 20)"])
    func leak(memory: String) async throws {
        let report = try await check(
            "kept = []\ninner = reading\ndef reading(): kept.append(\(memory)); return inner()"
        ) {
            $0.only = [.boundedResources]
        }
        expect(.boundedResources, in: report)
        #expect(report.failures.first?.findings.first?.message.contains("and did not stop") == true)
    }

    @Test("a bounded cache does not count as a memory leak")
    func boundedCache() async throws {
        let report = try await check(
            """
            import collections
            kept = collections.deque(maxlen=150)
            inner = reading
            def reading(): kept.append(b'x' * (1 << 18)); return inner()
            """
        ) { $0.only = [.boundedResources] }
        CheckFixture.expectConformant(report, kept: [.boundedResources])
    }

    // MARK: Time

    @Test(
        "a value older than maxAgeMs, or than 60 s without one, fails on P-35",
        arguments: [("", -63), ("120000", -127)])
    func oldValue(maxAge: String, seconds: Int) async throws {
        let report = try await check(Self.reading(at: seconds, maxAge: maxAge))
        expect(.observedAt, in: report)
        #expect(report.failures.first?.findings.first?.fix?.contains("maxAgeMs") == true)
    }

    @Test("a value of a slow source is fresh within the maxAgeMs of its metric type")
    func slowSource() async throws {
        CheckFixture.expectConformant(
            try await check(Self.reading(at: -63, maxAge: "120000")), kept: [.observedAt])
    }

    @Test("a value from the future fails on P-35, and one within the clock skew does not")
    func future() async throws {
        let report = try await check(Self.reading(at: 7_261))
        expect(.observedAt, in: report)
        #expect(report.failures.first?.findings.first?.message.contains("in the future") == true)
        CheckFixture.expectConformant(try await check(Self.reading(at: 41)), kept: [.observedAt])
    }

    private static func reading(at seconds: Int, maxAge: String = "") -> String {
        """
        inner = reading
        def reading(): return inner() | {"observedAt": time_text(\(seconds))}
        handshake = initialize
        def initialize(p):
            answer = handshake(p)
            if "result" in answer and "\(maxAge)": answer["result"]["metricTypes"][0]["maxAgeMs"] = int("\(maxAge)")
            return answer
        """
    }

    // MARK: Confinement

    @Test("a plugin that counts 0 files in the sandbox and 7 without it fails on P-48")
    func hiddenFiles() async throws {
        let folder = try TemporaryFolder()
        for number in 0..<7 { try "x".write(toFile: "\(folder.path)/job-\(number)", atomically: true, encoding: .utf8) }
        let report = try await check(
            """
            import glob, os
            inner = reading
            def reading():
                # Succeeds in the sandbox, too: Landlock does not guard access().
                if not os.access("\(folder.path)", os.R_OK): raise OSError("not readable")
                return inner() | {"value": len(glob.glob("\(folder.path)/*"))}
            """)
        guard clinux_landlock_version() > 0 else { return }
        expect(.confined, in: report)
        let finding = report.failures.first?.findings.first
        #expect(finding?.message == "confined, a call is answered with the value 0, unconfined with the value 7")
        #expect(finding?.fix?.contains("readPaths") == true)
    }

    @Test("a value that changes with every call does not count as a difference of the sandbox")
    func changingValue() async throws {
        for value in ["random.randrange(1000)", "time.time()", "next(count)"] {
            let report = try await check(
                """
                import itertools, random, time
                count = itertools.count()
                inner = reading
                def reading(): return inner() | {"value": \(value)}
                """
            ) { $0.only = [.confined] }
            #expect(report.isConformant, "\(ReportFormat.human.text(report, colors: false))")
        }
    }

    // MARK: Bad sources

    /// Reads from the address in the config, up to so many seconds as a whole.
    private static func source(_ seconds: String, read: String = "s.recv(65536)") -> String {
        """
        import os, socket, time
        SCHEMA["properties"]["address"] = {"type": "string", "x-address": True}
        def faults(config): return [{"path": k, "message": "wrong"} for k, v in config.items()
                                    if k not in ("key", "address") or not isinstance(v, str) or ":" not in v + ":"]
        def fetch(address, seconds):
            end = time.monotonic() + seconds
            host, port = address.split(":")
            with socket.create_connection((host, int(port)), timeout=seconds) as s:
                s.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
                while True:
                    if time.monotonic() > end: raise TimeoutError("the source is slow")
                    s.settimeout(max(0.001, end - time.monotonic()))
                    if not \(read): return
        def get_metric_value(p):
            if faults(p["config"]): return error(1001, "wrong config")
            try:
                if "address" in p["config"]: fetch(p["config"]["address"], \(seconds))
            except OSError as problem: return error(1003, f"{problem}: check the address")
            return {"result": reading()}
        """
    }

    @Test("a plugin with one timeout for the whole call keeps the rules with every bad source")
    func boundedCalls() async throws {
        let report = try await check(Self.source("0.8"))
        CheckFixture.expectConformant(report, kept: [.deadline, .endOfInput])
    }

    @Test("a plugin without a timeout fails on P-39 and is reported as hanging")
    func noTimeout() async throws {
        let report = try await check(Self.source("3600"))
        expect(.deadline, in: report)
        #expect(report.hasHang)
        let messages = report.failures.flatMap(\.findings).map(\.message)
        for behavior in ["sends nothing", "sends one byte a second", "sends a body without end"] {
            #expect(messages.contains { $0.contains(behavior) }, "\(behavior): \(messages)")
        }
    }

    @Test("a plugin whose timeout restarts with each byte fails on P-39 with a source that sends slowly")
    func timeoutOfEachByte() async throws {
        let report = try await check(
            Self.source("1.5").replacing("if time.monotonic() > end", with: "if False").replacing(
                "s.settimeout(max(0.001, end - time.monotonic()))", with: "s.settimeout(1.5)"))
        expect(.deadline, in: report)
        #expect(report.failures.flatMap(\.findings).contains { $0.message.contains("one byte a second") })
        #expect(!report.failures.flatMap(\.findings).contains { $0.message.contains("sends nothing") })
    }

    @Test("a plugin that serves one call at a time fails on P-40 if the source does not answer")
    func serial() async throws {
        let report = try await check(Self.source("0.8"), capabilities: #"{"maxInFlight": 8}"#)
        expect(.inFlight, in: report)
    }

    @Test("a plugin that does not notice the end of its input while its source does not answer fails on P-44")
    func deafAtEnd() async throws {
        let report = try await check(Self.source(#"p["deadlineMs"] / 1000 * 0.8"#))
        expect(.endOfInput, in: report)
    }

    @Test("a plugin that crashes on garbage from its source fails on P-42")
    func garbage() async throws {
        let report = try await check(Self.source("0.8", read: "s.recv(65536).decode()"))
        expect(.staysAlive, in: report)
    }

    @Test("a plugin that answers a failure of its source with an internal error fails on P-69, and the source is named")
    func internalErrorOfSource() async throws {
        let report = try await check(Self.source("0.8").replacing("error(1003,", with: "error(-32603,"))
        expect(.internalErrors, in: report)
        let messages = report.failures.flatMap(\.findings).filter { $0.rule == .internalErrors }.map(\.message)
        for behavior in ["refuses connections", "accepts connections and sends nothing"] {
            #expect(
                messages.contains {
                    $0.contains("when the source that address names \(behavior) with internal_error: ")
                },
                "\(messages)")
        }
    }

    @Test("an address keeps its scheme, user and path when its host is replaced")
    func redirection() {
        #expect(AddressConfigs.redirected("redis://u:p@redis.shop:6379/0", 7) == "redis://u:p@127.0.0.1:7/0")
        #expect(AddressConfigs.redirected("http://[::1]:80/a@b?c", 7) == "http://127.0.0.1:7/a@b?c")
        #expect(AddressConfigs.redirected("redis.shop:6379", 7) == "127.0.0.1:7")
        #expect(AddressConfigs.redirected("redis.shop", 7) == "127.0.0.1:7")
        #expect(AddressConfigs.redirected("unix:///run/redis.sock", 7) == nil)
    }
}
