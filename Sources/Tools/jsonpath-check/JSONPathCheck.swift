import ArgumentParser
import CommandSupport
import JSONPath
import WireFormats

@main
struct JSONPathCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jsonpath-check",
        abstract: "Run a JSONPath compliance suite.",
        discussion: """
            The suite is the file cts.json of \
            https://github.com/jsonpath-standard/jsonpath-compliance-test-suite.
            """)

    @Argument(help: "Path of the suite's cts.json.")
    var suite: String

    private static let maxSuiteBytes = 64 << 20

    static func main() async {
        await runProgram {}
    }

    func run() async throws {
        let text = try FileText.read(suite, maxBytes: Self.maxSuiteBytes)
        let cases = try JSONReader(try JSON(parsing: text, limits: .trusted)).required("tests").elements()
        var failures = 0
        for suiteCase in cases {
            guard let failure = try SuiteCase(suiteCase).failure() else { continue }
            failures += 1
            StandardStreams.printLine("\(try suiteCase.required("name").string()): \(failure)")
        }
        StandardStreams.printLine("\(cases.count - failures) of \(cases.count) cases pass")
        guard failures == 0, !cases.isEmpty else { throw ExitCode.failure }
    }
}

/// A case of the suite.
struct SuiteCase {
    private let selector: String
    private let isInvalid: Bool
    private let document: JSON
    private let expectations: JSON

    init(_ reader: JSONReader) throws(JSONPathError) {
        selector = try reader.required("selector").string()
        isInvalid = try reader.optional("invalid_selector")?.bool() ?? false
        document = reader.value["document"] ?? .null
        expectations = reader.value
    }

    /// Returns what is wrong; nil if the case passes.
    func failure() throws(JSONPathLimitError) -> String? {
        let query: JSONPathQuery
        do throws(JSONPathSyntaxError) {
            query = try JSONPathQuery(parsing: selector)
        } catch {
            return isInvalid ? nil : "the query \(selector) is rejected: \(error)"
        }
        guard !isInvalid else { return "the query \(selector) is accepted" }
        let nodes = try query.nodes(in: document)
        return mismatch("result", "results", .array(nodes.map(\.value)))
            ?? mismatch("result_paths", "results_paths", .array(nodes.map { .string($0.location.normalizedPath) }))
    }

    /// - Parameters:
    ///   - name: the member with the only right result.
    ///   - plural: the member with all right results.
    private func mismatch(_ name: String, _ plural: String, _ found: JSON) -> String? {
        let allowed = expectations[name].map { [$0] } ?? expectations[plural]?.arrayValue ?? []
        return allowed.contains(found) ? nil : "the \(name) of \(selector) is \(found), not \(allowed)"
    }
}
