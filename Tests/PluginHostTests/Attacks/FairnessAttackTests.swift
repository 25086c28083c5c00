import Glibc
import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

/// A tenant whose source hangs, a config that crashes the plugin, a plugin that writes too much: each affects only
/// itself.
@Suite("Attacks on fairness", .timeLimit(.minutes(5)))
struct FairnessAttackTests {
    private func subject(_ namespace: String, _ source: String = "own") -> CallSubject {
        CallSubject(
            type: "t", config: PluginConfig(["k": 1]), party: CallParty(namespace: namespace, source: source))
    }

    private func submit(_ plugin: inout Conversation, _ subject: CallSubject) -> (id: Int64, wasSent: Bool) {
        let id = plugin.connection.reserveID()
        let request = PluginRequest.getMetricValue(type: "t", config: ["k": 1], targetType: .value)
        let actions = plugin.connection.submit(request, id: id, about: subject, timeout: .seconds(10), now: plugin.now)
        for case .write(let bytes) in actions { _ = plugin.connection.wrote(bytes.count, now: plugin.now) }
        return (id, actions.written.contains { $0["id"] == .integer(id) })
    }

    @Test(
        "a namespace whose sources all hang leaves call slots to other namespaces, as do two and three such namespaces")
    func namespaces() {
        var plugin = Conversation(PluginCapabilities(maxInFlight: 16))
        for number in 0..<40 { _ = submit(&plugin, subject("hog", "source-\(number)")) }
        #expect(plugin.connection.inFlight == 8)
        for number in 0..<40 { _ = submit(&plugin, subject("second", "source-\(number)")) }
        for number in 0..<40 { _ = submit(&plugin, subject("third", "source-\(number)")) }
        #expect(plugin.connection.inFlight < 16)
        #expect(submit(&plugin, subject("shop")).wasSent)
    }

    @Test("a source that hangs for many namespaces leaves call slots to other sources")
    func sources() {
        var plugin = Conversation(PluginCapabilities(maxInFlight: 16))
        for number in 0..<40 { _ = submit(&plugin, subject("namespace-\(number)", "slow:1")) }
        #expect(plugin.connection.inFlight == 8)
        #expect(submit(&plugin, subject("shop", "fast:1")).wasSent)
    }

    @Test("namespaces take turns: one with many queued calls delays another by one call and not by all")
    func turns() throws {
        var plugin = Conversation(PluginCapabilities(maxInFlight: 1))
        let first = submit(&plugin, subject("many")).id
        var waiting: [Int64] = []
        for _ in 0..<20 { waiting.append(submit(&plugin, subject("many")).id) }
        let other = submit(&plugin, subject("shop")).id
        var next = plugin.receive(line: Conversation.reading(first)).written
        if next.first?["id"] != .integer(other) {
            next = plugin.receive(line: Conversation.reading(waiting[0])).written
        }
        #expect(next.first?["id"] == .integer(other))
    }

    @Test("a batch never contains calls of two namespaces")
    func batches() {
        var plugin = Conversation(PluginCapabilities(maxInFlight: 4, batch: true))
        for _ in 0..<3 { _ = submit(&plugin, subject("hog")) }
        for _ in 0..<3 { _ = submit(&plugin, subject("hog")) }
        #expect(plugin.connection.inFlight == 2)
        #expect(submit(&plugin, subject("shop", "other")).wasSent)
    }

    // MARK: A config that ends the plugin

    private static let fragile = PluginScript(
        types: ["fragile"], capabilities: #"{"maxInFlight": 8}"#,
        body: """
                if m["method"] == "shutdown":
                    ok(m, {})
                    break
                if "poison" in m["params"]["config"]: os._exit(9)
                ok(m, {"value": m["params"]["config"]["value"], "observedAt": "2026-01-01T00:00:00Z"})
            """)

    private func read(_ fixture: HostFixture, _ config: JSON) async -> Result<Double, PluginFailure> {
        do throws(PluginFailure) {
            let reading = try await fixture.host.read(
                type: "fragile", config: config, targetType: .value, timeout: .seconds(1_000))
            return .success(reading.value)
        } catch {
            return .failure(error)
        }
    }

    @Test("configs that crash the plugin are blocked one by one, and other configs continue")
    func quarantine() async throws {
        try await HostFixture.run(["fragile": Self.fragile], clock: ManualClock()) { fixture async throws in
            let clock = try #require(fixture.clock)
            var ups = 1
            for number in 1...6 {
                let poison: JSON = ["poison": .integer(Int64(number))]
                for _ in 1...2 {
                    await fixture.log.wait(ups, message: "plugin is up")
                    #expect(await read(fixture, poison).failure?.kind == .crashed)
                    await fixture.log.wait(ups) { $0.metadata["restartIn"] != nil }
                    try await clock.sleepers(atLeast: 3)
                    clock.advance(by: .seconds(2))
                    ups += 1
                }
                await fixture.log.wait(ups, message: "plugin is up")
                let failure = try #require(await read(fixture, poison).failure)
                #expect(failure.kind == .quarantined)
                #expect(failure.message.contains("is not used for"))
                #expect(try await read(fixture, ["value": .integer(Int64(number))]).get() == Double(number))
            }
            #expect(try await fixture.health().state == .up)
            await fixture.log.wait(6, message: "plugin ended repeatedly on a config; config quarantined")
        }
    }

    @Test("configs that were in flight when another config crashed the plugin are cleared by their next answer")
    func suspects() {
        var suspects = CrashSuspects()
        func subject(_ number: Int64) -> CallSubject {
            var subject = CallSubject(type: "t", config: PluginConfig(["n": .integer(number)]))
            subject.party.isSuspect = suspects.isSuspect(subject.key)
            return subject
        }
        _ = suspects.ended((1...4).map(subject), now: .zero)
        #expect((1...4).allSatisfy { suspects.isSuspect(subject($0).key) })
        suspects.answered(subject(1).key)
        #expect(!suspects.isSuspect(subject(1).key))
        // While the suspect is tried alone, other configs in flight are not suspect.
        guard
            case .quarantineStarted(let guilty, let time) = suspects.ended([subject(1), subject(2)], now: .seconds(1))
        else {
            Issue.record("no suspect was identified")
            return
        }
        #expect(guilty.key == subject(2).key)
        #expect(!suspects.isSuspect(subject(1).key))
        #expect(suspects.quarantine(subject(2), now: .seconds(1)) == time)
        #expect(suspects.quarantine(subject(2), now: .seconds(1) + time) == nil)
        // It is still tried alone, and the next crash doubles its quarantine.
        guard case .quarantineStarted(_, let longer) = suspects.ended([subject(2)], now: .seconds(1) + time) else {
            return
        }
        #expect(longer == time * 2)
    }

    @Test("a tenant who edits a config repeatedly to crash the plugin is blocked, and the tenant's old configs are not")
    func edits() {
        var suspects = CrashSuspects()
        func subject(_ namespace: String, _ number: Int64) -> CallSubject {
            var subject = CallSubject(
                type: "t", config: PluginConfig(["n": .integer(number)]), party: CallParty(namespace: namespace))
            subject.party.isSuspect = suspects.isSuspect(subject.key)
            return subject
        }
        for number in 1...3 {
            #expect(suspects.quarantine(subject("evil", Int64(number)), now: .zero) == nil)
            for _ in 1...2 { _ = suspects.ended([subject("evil", Int64(number))], now: .zero) }
            suspects.answered(subject("evil", 100).key)
        }
        #expect(
            suspects.quarantine(subject("evil", 4), now: .seconds(1)) == PluginHostLimits.firstQuarantine - .seconds(1))
        #expect(suspects.quarantine(subject("evil", 100), now: .seconds(1)) == nil)
        #expect(suspects.quarantine(subject("shop", 4), now: .seconds(1)) == nil)
        #expect(suspects.quarantine(subject("evil", 4), now: PluginHostLimits.firstQuarantine) == nil)
    }

    @Test("a oneshot plugin whose processes hang for one namespace still runs calls of other namespaces")
    func oneshot() async throws {
        let script = ShellScript.text(type: "slow", onCall: "case $line in *hang*) sleep 1000 ;; esac")
        let manifest = "plugins: {slow: {mode: oneshot}}"
        try await HostFixture.run([:], files: ["generalscaler-plugin-slow": script], manifest: manifest) {
            fixture async throws in
            let hogs = (0..<6).map { number in
                Task {
                    try await CallOrigin.$namespace.withValue("hog") {
                        try await fixture.host.read(
                            type: "slow", config: ["hang": .integer(Int64(number))], targetType: .value,
                            timeout: .seconds(3_000))
                    }
                }
            }
            // One of them has a slot; the other free slot is reserved for others.
            while try await fixture.health().waiting < 5 { await Task.yield() }
            let reading = try await CallOrigin.$namespace.withValue("shop") {
                try await fixture.host.read(type: "slow", config: ["v": 1], targetType: .value, timeout: .seconds(60))
            }
            #expect(reading.value == 5)
            for hog in hogs { hog.cancel() }
            for hog in hogs { _ = await hog.result }
        }
    }

    @Test("suspect configs are sent to the plugin one at a time")
    func alone() {
        var plugin = Conversation(PluginCapabilities(maxInFlight: 16))
        var suspect = subject("hog")
        suspect.party.isSuspect = true
        #expect(submit(&plugin, suspect).wasSent)
        suspect.party.namespace = "another"
        #expect(!submit(&plugin, suspect).wasSent)
        #expect(submit(&plugin, subject("shop")).wasSent)
    }

    // MARK: A plugin that floods

    @Test(
        "a plugin that floods its stdout with unsolicited lines is ended",
        arguments: [
            #"{"jsonrpc": "2.0", "method": "log", "params": {"message": "x"}}"#,
            #"{"jsonrpc": "2.0", "method": "reading", "params": {"subscription": 9, "value": 1, "observedAt": "2026-01-01T00:00:00Z"}}"#,
            #"{"jsonrpc": "2.0", "id": 77, "result": {}}"#, #"{"jsonrpc": "2.0", "method": "unheard-of"}"#,
        ])
    func stdout(line: String) {
        var plugin = Conversation()
        let thousand = String(repeating: line + "\n", count: 1_000)
        var ended: PluginFailure?
        for _ in 0...(PluginHostLimits.unsolicitedBurst / 1_000) where ended == nil {
            ended = plugin.receive(thousand).givenUp
        }
        #expect(ended?.message.contains("it floods its stdout") == true)
    }

    @Test("a plugin that pushes at the maximum rate does not count as flooding")
    func busy() {
        var plugin = Conversation()
        let second = String(
            repeating: #"{"jsonrpc": "2.0", "method": "log", "params": {"message": "x"}}"# + "\n",
            count: PluginHostLimits.maxPushesPerSecond)
        for _ in 0..<60 {
            #expect(plugin.receive(second).givenUp == nil)
            _ = plugin.advance(.seconds(1))
        }
    }

    @Test("a plugin that floods its stderr is blocked, and its calls are still answered")
    func stderr() async throws {
        let script = PluginScript(
            types: ["loud"],
            setUp: """
                import threading
                written = 0
                def flood():
                    global written
                    while True: written += os.write(2, b"noise noise noise\\n" * 1000)
                threading.Thread(target=flood, daemon=True).start()
                """,
            body: """
                    if m["method"] == "shutdown":
                        ok(m, {})
                        break
                    ok(m, {"value": written, "observedAt": "2026-01-01T00:00:00Z"})
                """)
        try await HostFixture.run(["loud": script], clock: ManualClock()) { fixture async throws in
            // The time does not advance: the plugin can only write as much as the host accepts at once.
            let most = Double(PluginHostLimits.stderrBurstBytes + 4 * PluginHostLimits.readChunkBytes)
            var written = 0.0
            var isWaiting = false
            while !isWaiting, written <= most {
                let next = try await fixture.host.read(
                    type: "loud", config: [:], targetType: .value, timeout: .seconds(100)
                ).value
                isWaiting = next == written && next >= Double(PluginHostLimits.stderrBurstBytes)
                written = next
            }
            #expect(written <= most)
        }
    }
}

extension Result {
    fileprivate var failure: Failure? { if case .failure(let failure) = self { failure } else { nil } }
}
