import PluginProtocol
import Testing
import WireFormats

@testable import PluginHost

@Suite("Log capture")
struct LogCaptureTests {
    private func receive(_ capture: inout PluginLogCapture, _ text: String, at seconds: Int = 0) -> [PluginNote] {
        Array(text.utf8).withUnsafeBytes { capture.receive($0, now: .seconds(seconds)) }
    }

    @Test("stderr is split into lines, without blank ones; the last line may lack a newline")
    func lines() {
        var capture = PluginLogCapture(now: .zero)
        #expect(receive(&capture, "one\n\r\n tw") == [.stderr("one")])
        #expect(receive(&capture, "o\r\nthree") == [.stderr(" two")])
        #expect(capture.finish(now: .zero) == [.stderr("three")])
        #expect(capture.lastLine == "three")
    }

    @Test(
        "the line that says why a plugin ended is the last one, or the error whose stack Node or Go shows",
        arguments: [
            ("starting\nTraceback (most recent call last):\n  File \"x\"\nKeyError: 'a'\n", "KeyError: 'a'"),
            (
                "file:///x/plugin.mjs:3\nrun({\n^\n\nTypeError: x is not a function\n    at file:///x/plugin.mjs:3:1\n\nNode.js v18.13.0\n",
                "TypeError: x is not a function"
            ),
            (
                "node:internal/errors:490\n    ErrorCaptureStackTrace(err);\n    ^\n\nError [ERR_MODULE_NOT_FOUND]: Cannot find package 'x'\n"
                    + "    at a:1 {\n  code: 'ERR_MODULE_NOT_FOUND'\n}\n\nNode.js v20.20.2\n",
                "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'x'"
            ),
            ("panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/x/main.go:5 +0x18\n", "panic: boom"),
            ("ValueError: old\nlater\n", "later"), ("no report\n    at sea\n", "    at sea"),
        ])
    func lastWords(text: String, line: String) {
        var capture = PluginLogCapture(now: .zero)
        _ = receive(&capture, text)
        #expect(capture.lastLine == line)
    }

    @Test("a stderr line without end is logged in pieces")
    func longLine() {
        var capture = PluginLogCapture(now: .zero)
        let notes = receive(&capture, String(repeating: "x", count: 2 * PluginHostLimits.maxLogLineBytes + 3))
        #expect(notes.count == 2)
        #expect(capture.finish(now: .zero) == [.stderr("xxx")])
    }

    @Test("a flood of log lines is limited to the burst, and the number of dropped lines is reported later")
    func flood() {
        var capture = PluginLogCapture(now: .zero)
        let flood = receive(&capture, String(repeating: "x\n", count: 10_000))
        #expect(flood.count == PluginHostLimits.logBurstLines)
        let later = receive(&capture, "y\n", at: 1)
        #expect(later == [.suppressed(lines: 10_000 - PluginHostLimits.logBurstLines), .stderr("y")])
    }

    @Test("secrets of configs are redacted, including configs sent before the host knew which fields are secret")
    func secrets() {
        let schema: JSON = [
            "type": "object",
            "properties": [
                "password": ["type": "string", "x-secret": true],
                "tls": ["type": "object", "properties": ["key": ["type": "string", "x-secret": true]]],
                "user": ["type": "string"],
            ],
        ]
        let type = MetricTypeDescription(type: "t", description: "", configSchema: schema, defaultTargetType: .value)
        var capture = PluginLogCapture(now: .zero)
        capture.learn(type: "t", config: PluginConfig(["password": "hunter22", "user": "alice"]))
        capture.learn([type])
        capture.learn(type: "t", config: PluginConfig(["tls": ["key": "s3cret-key"], "password": "abc"]))
        let notes = receive(&capture, "login alice hunter22hunter22 with s3cret-key, not abc\n")
        #expect(notes == [.stderr("login alice ****** with ***, not abc")])
        let failure = PluginFailure.answered(PluginError(.authFailed, "hunter22 is wrong"), plugin: "p")
        let own = CallSubject(type: "t", config: PluginConfig(["password": "hunter22"]))
        let (result, notes2) = capture.shown(.failure(failure), of: own, plugin: "p", now: .zero)
        #expect(result.failure?.message == "plugin p answered auth_failed: *** is wrong")
        #expect(result.failure?.kind == .answered(PluginError(.authFailed, "*** is wrong")))
        #expect(notes2.isEmpty)
    }

    @Test("a secret across the boundary of two pieces of a long stderr line is redacted completely")
    func seam() {
        var capture = PluginLogCapture(now: .zero)
        capture.learn([])
        capture.learn(type: "t", config: PluginConfig([:], secrets: ["hunter22hunter"]))
        let filler = String(repeating: "x", count: PluginHostLimits.maxLogLineBytes - 5)
        let notes = receive(&capture, "\(filler)hunter22hunter and more\n")
        #expect(notes == [.stderr(filler), .stderr("*** and more")])
    }

    @Test("secrets are redacted before a line is truncated, so that no part of a secret remains at the cut")
    func excerpt() {
        var capture = PluginLogCapture(now: .zero)
        capture.learn([])
        capture.learn(type: "t", config: PluginConfig([:], secrets: ["hunter22"]))
        let filler = String(repeating: "x", count: PluginHostLimits.maxExcerpt - 3)
        let note = PluginNote.rejectedLine(excerpt: "\(filler)hunter22 and more", reason: "no JSON")
        #expect(capture.admit(note, now: .zero) == [.rejectedLine(excerpt: "\(filler)***…", reason: "no JSON")])
        let long = String(repeating: "hunter22", count: PluginHostLimits.maxUncutExcerptBytes / 8).dropLast(3)
        let cut = PluginNote.rejectedLine(excerpt: "abc\(long)", reason: "no JSON")
        guard case .rejectedLine(let excerpt, _)? = capture.admit(cut, now: .zero).first else { return }
        #expect(!excerpt.contains("hunte"))
    }
}

extension Result {
    fileprivate var failure: Failure? { if case .failure(let failure) = self { failure } else { nil } }
}
