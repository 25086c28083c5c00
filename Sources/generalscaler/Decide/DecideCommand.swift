import ArgumentParser
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
            next decision needs. docs/reference/decide.md describes the fields.
            """
    )

    /// The maximum bytes of one request.
    private static let maxRequestBytes = 1 << 20

    @Flag(help: "Read JSON Lines from stdin, one request per line; errors are returned per line.")
    var lines = false

    func run() throws {
        var input = StandardInput(maxLineBytes: Self.maxRequestBytes)
        guard lines else {
            guard let text = input.all() else {
                throw problem("the request is longer than \(Self.maxRequestBytes) bytes")
            }
            return print(try answer(text))
        }
        var hasFailed = false
        while let line = input.nextLine() {
            guard !line.isBlank else { continue }
            do throws(InvalidSpec) {
                guard case .whole(let text) = line else {
                    throw InvalidSpec(
                        problems: [JSONPathError(path: "", message: "is longer than \(Self.maxRequestBytes) bytes")])
                }
                print(try Self.decision(text))
            } catch {
                hasFailed = true
                print(["error": ["problems": .array(error.problems.map(\.json))]])
            }
        }
        if hasFailed { throw ExitCode.failure }
    }

    private func answer(_ text: [UInt8]) throws -> JSON {
        do throws(InvalidSpec) {
            return try Self.decision(text)
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

    private static func decision(_ text: [UInt8]) throws(InvalidSpec) -> JSON {
        let json: JSON
        do throws(JSONSyntaxError) {
            json = try JSON(parsing: text)
        } catch {
            throw InvalidSpec(problems: [JSONPathError(path: "", message: "is not JSON: \(error)")])
        }
        let request = try DecisionRequest(json, zones: TimeZoneDirectory.system)
        return DecisionEngine.decide(request.input).json(of: request.input)
    }
}

extension JSONPathError {
    fileprivate var json: JSON { ["path": .string(path), "message": .string(message)] }
}
