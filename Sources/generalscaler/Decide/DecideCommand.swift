import ArgumentParser
import Backtest
import CommandSupport
import Glibc
import Operator
import ScalerAPI
import Scaling
import TimeZones
import WireFormats

/// Makes decisions from JSON on stdin with the operator's engine.
struct DecideCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decide",
        abstract: "Make one decision from one JSON object on stdin.",
        discussion: """
            Takes {spec, now, replicas, readings, history} and writes the decision record, with the history that the \
            next decision needs. With --trace, readings that a request omits are those of the trace at the request's \
            time. docs/reference/decide.md describes the fields.
            """
    )

    /// The maximum bytes of one request.
    private static let maxRequestBytes = 1 << 20

    @Flag(help: "Read JSON Lines from stdin, one request per line; errors are returned per line.")
    var lines = false

    @OptionGroup var traceOptions: TraceOptions

    func validate() throws {
        guard traceOptions.trace != "-" else {
            throw ValidationError("--trace must be a file: the requests come from stdin.")
        }
    }

    func run() throws {
        let traced = try traceOptions.read().map { TracedRequests(trace: $0, path: traceOptions.trace ?? "the trace") }
        for note in traced?.trace.notes ?? [] {
            StandardStreams.write(Array("note: \(note)\n".utf8), to: STDERR_FILENO)
        }
        var input = StandardInput(maxLineBytes: Self.maxRequestBytes)
        guard lines else {
            guard let text = input.all() else {
                throw problem("the request is longer than \(Self.maxRequestBytes) bytes")
            }
            return print(try answer(text, traced))
        }
        var hasFailed = false
        while let line = input.nextLine() {
            guard !line.isBlank else { continue }
            do throws(InvalidSpec) {
                guard case .whole(let text) = line else {
                    throw InvalidSpec(
                        problems: [JSONPathError(path: "", message: "is longer than \(Self.maxRequestBytes) bytes")])
                }
                print(try Self.decision(text, traced))
            } catch {
                hasFailed = true
                print(["error": ["problems": .array(error.problems.map(\.json))]])
            }
        }
        if hasFailed { throw ExitCode.failure }
    }

    private func answer(_ text: [UInt8], _ traced: TracedRequests?) throws -> JSON {
        do throws(InvalidSpec) {
            return try Self.decision(text, traced)
        } catch {
            throw problem(error.problems.map(\.description).joined(separator: "\n"))
        }
    }

    private func problem(_ text: String) -> ExitCode {
        StandardStreams.write(Array("\(text)\n".utf8), to: STDERR_FILENO)
        return .failure
    }

    private func print(_ answer: JSON) {
        StandardStreams.writeLine(answer.encoded() + [0x0A])
    }

    private static func decision(_ text: [UInt8], _ traced: TracedRequests?) throws(InvalidSpec) -> JSON {
        let json: JSON
        do throws(JSONSyntaxError) {
            json = try JSON(parsing: text)
        } catch {
            throw InvalidSpec(problems: [JSONPathError(path: "", message: "is not JSON: \(error)")])
        }
        let request = try DecisionRequest(try traced?.completed(json) ?? json, zones: TimeZoneDirectory.system)
        return DecisionEngine.decide(request.input).json(of: request.input)
    }
}

extension JSONPathError {
    fileprivate var json: JSON { ["path": .string(path), "message": .string(message)] }
}
