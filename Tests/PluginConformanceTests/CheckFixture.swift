import Foundation
import TestSupport
import Testing
import WireFormats

@testable import PluginConformance

/// Runs checks on separate threads, because they block and tests share few threads.
enum CheckFixture {
    static func check(_ command: PluginCommand, _ options: CheckOptions = CheckOptions()) async throws -> CheckReport {
        try await onThread { try CheckRun.run(command, options: options) }
    }

    /// The number of concurrent checks: each runs a dozen processes, and a plugin's deadlines are real time.
    private static let slots = DispatchSemaphore(value: 4)

    static func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                slots.wait()
                defer { slots.signal() }
                continuation.resume(with: Result(catching: body))
            }
        }
    }

    static func misbehaving(_ violation: String?) -> PluginCommand {
        PluginCommand(
            path: BuiltExecutable.path("misbehaving-plugin"), arguments: violation.map { ["--violation", $0] } ?? [])
    }

    /// Expects that no rule is violated, and that the given rules pass.
    static func expectConformant(
        _ report: CheckReport, kept rules: [RuleID] = [], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(
            report.isConformant, "\(ReportFormat.human.text(report, colors: false))", sourceLocation: sourceLocation)
        for rule in rules {
            #expect(report.outcome(of: rule) == .passed, "\(rule.label)", sourceLocation: sourceLocation)
        }
    }

    /// The root of the package.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path(percentEncoded: false)

    static func contents(_ path: String) throws -> String {
        try String(contentsOf: URL(filePath: root).appending(path: path), encoding: .utf8)
    }
}
