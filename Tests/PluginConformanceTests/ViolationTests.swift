import TestSupport
import Testing
import WireFormats

@testable import PluginConformance

@Suite("Misbehaving plugins", .timeLimit(.minutes(5)))
struct ViolationTests {
    /// The rules that each violation breaks, including inevitable ones.
    static let brokenRules: [String: Set<RuleID>] = [
        "no-handshake": [.initialize],
        "wrong-version": [.versionOffered],
        "half-frame": [.oneObjectPerLine],
        "long-line": [.longestAnswer],
        "noise": [.oneObjectPerLine],
        "noise-flood": [.oneObjectPerLine],
        "stderr-flood": [.standardError],
        "never-reads": [.readsOn, .endOfInput],
        "never-answers": [.deadline],
        "answers-late": [.deadline],
        "answers-twice": [.oneAnswer],
        "foreign-id": [.oneAnswer],
        "exits-in-call": [.staysAlive],
        "ignores-sigterm": [.terminate, .endOfInput, .shutdown],
        "ignores-eof": [.endOfInput, .shutdown],
        "grandchild": [.nothingLeft],
        "grandchild-session": [.nothingLeft],
        "allocates": [.boundedResources],
        "opens-files": [.boundedResources],
        "nan": [.finiteValue],
        "huge-value": [.finiteValue],
        "invalid-utf8": [.utf8],
        // Allowed: a line ends only at the byte 0x0A.
        "line-separator": [],
        "push-flood": [.pushRate],
        "push-unknown": [.onlySubscribed],
        "push-after-end": [.onlySubscribed],
        "pushes-nothing": [.pushedReading],
    ]

    /// Short for waits that fail in any case; long for the others, because the machine may be busy.
    private static func times(for violation: String) -> ConformanceTimes {
        var times = ConformanceTimes()
        switch violation {
        case "no-handshake": times.initialize = .seconds(2)
        case "never-reads": times.validate = .seconds(2)
        case "never-answers", "half-frame", "answers-late": times.deadline = .seconds(1)
        default: break
        }
        return times
    }

    private static let hangs: Set = [
        "no-handshake", "never-reads", "never-answers", "ignores-sigterm", "ignores-eof",
    ]

    @Test(
        "a protocol violation of the misbehaving plugin breaks exactly the rules listed for it",
        arguments: brokenRules.keys.sorted())
    func violation(_ name: String) async throws {
        var options = CheckOptions()
        options.times = Self.times(for: name)
        let report = try await CheckFixture.check(CheckFixture.misbehaving(name), options)
        let text = ReportFormat.human.text(report, colors: false)
        #expect(Set(report.failures.map(\.rule.id)) == Self.brokenRules[name], "\(text)")
        #expect(report.hasHang == Self.hangs.contains(name), "\(text)")
        for failure in report.failures { #expect(failure.rule.isChecked) }
    }

    @Test("every protocol violation of the misbehaving plugin has a test")
    func allSins() async throws {
        let list = try await CheckFixture.onThread { () throws(LaunchError) in
            var command = CheckFixture.misbehaving(nil)
            command.arguments = ["--list"]
            let process = try PluginProcess(command)
            var names: Set<String> = []
            while case .line(let line) = process.next(until: .now + .seconds(20)) {
                names.insert(String(decoding: line.prefix { $0 != 0x09 }, as: UTF8.self))
            }
            return names
        }
        #expect(list == Set(Self.brokenRules.keys))
    }

    @Test("the misbehaving plugin without a violation keeps every rule")
    func good() async throws {
        let report = try await CheckFixture.check(CheckFixture.misbehaving(nil))
        CheckFixture.expectConformant(
            report,
            kept: [
                .finiteValue, .inFlight, .subscribe, .pushedReading, .unsubscribe, .boundedResources, .endOfInput,
                .shutdown, .terminate, .nothingLeft,
            ])
    }

    @Test("a check that cannot run after a fault is skipped with the rule that explains it and does not pass")
    func skips() async throws {
        var options = CheckOptions()
        options.times = Self.times(for: "no-handshake")
        let report = try await CheckFixture.check(CheckFixture.misbehaving("no-handshake"), options)
        #expect(report.counts.passed == 0)
        guard case .skipped(let reason)? = report.outcome(of: .finiteValue) else {
            Issue.record("P-34 is not skipped")
            return
        }
        #expect(reason.contains("P-4"))
    }
}
