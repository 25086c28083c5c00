import HTTPTransport
import KubernetesClient
import ScalerAPI
import Scaling
package import SystemIO
import WireFormats

/// The tools for assistants. They only read, from the operator's API.
package struct AssistantTools: Sendable {
    struct Answer: Sendable, Equatable {
        let json: JSON
        var isError = false
    }

    /// The reason why a tool has no answer, with the fix.
    struct Failure: Error {
        let message: String
    }

    private let connect: @Sendable () async throws -> any UpstreamAPI
    let sources: ReplaySources
    private let time: TimeSource
    private let source: String
    /// A replay uses a processor fully: one at a time.
    let turn = AsyncSemaphore(1)

    /// - Parameters:
    ///   - source: where the answers come from, for their readers.
    ///   - sources: the readings for simulations, besides the operator's memory.
    ///   - connect: returns the way to the API; called for each call, so that a mistake in a file can be fixed.
    package init(
        source: String, sources: ReplaySources, time: TimeSource,
        connect: @escaping @Sendable () async throws -> any UpstreamAPI
    ) {
        self.source = source
        self.sources = sources
        self.time = time
        self.connect = connect
    }

    func failure(_ message: String) -> Answer {
        Answer(
            json: ["error": .string(message.cleaned), "time": .string(now.rfc3339()), "source": .string(source)],
            isError: true)
    }

    var now: Timestamp { Timestamp(microsecondsSince1970: time.wallMicroseconds()) }

    func call(_ name: String, _ arguments: JSON) async -> Answer {
        do {
            guard let tool = AssistantTool(rawValue: name) else { throw Failure(message: "unknown tool") }
            let answer = try await withinTime {
                let reader = JSONReader(arguments)
                try reader.rejectUnknown(tool.argumentNames)
                return switch tool {
                case .listScalers: try await listScalers(reader)
                case .explainScaler: try await explainScaler(reader)
                case .listDecisions: try await listDecisions(reader)
                case .simulateSpec: try await simulateSpec(reader)
                }
            }
            let json = JSON.object(answer)
            guard json.encoded().count <= AssistantLimits.answerBytes else {
                throw Failure(
                    message:
                        "the answer is longer than \(AssistantLimits.answerBytes) bytes: ask for less, with limit or a "
                        + "shorter period")
            }
            return Answer(json: json)
        } catch let error as Failure {
            return failure(error.message)
        } catch let error as JSONPathError {
            return failure("\(error)")
        } catch let error as HTTPTransport.HTTPError {
            return failure(error.message)
        } catch {
            return failure("\(error)")
        }
    }

    /// - Throws: ``Failure`` after ``AssistantLimits/callTime``.
    private func withinTime(
        _ body: @escaping @Sendable () async throws -> [String: JSON]
    ) async throws -> [String: JSON] {
        try await withThrowingTaskGroup(of: [String: JSON].self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await time.sleep(AssistantLimits.callTime)
                throw Failure(message: "no answer within \(AssistantLimits.callTime.shortText)")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? [:]
        }
    }

    // MARK: The operator's API

    /// Returns the way to the API.
    func upstream() async throws -> any UpstreamAPI { try await connect() }

    /// Returns an answer of the API.
    func read(_ path: String) async throws -> JSON { try await connect().json(path) }

    /// What every answer has: its time, and where it comes from.
    func head(_ answer: JSON) -> [String: JSON] {
        var head: [String: JSON] = ["source": .string(source)]
        for key in ["time", "since", "operator"] { head[key] = answer[key] }
        return head
    }

    // MARK: Scalers

    private func listScalers(_ arguments: JSONReader) async throws -> [String: JSON] {
        let namespace = try arguments.optional("namespace")?.objectName()
        let search = try arguments.optional("search")?.nonEmptyString().lowercased()
        let needsAttention = try arguments.optional("needsAttention")?.bool() ?? false
        let limit = try arguments.optional("limit")?.int(in: AssistantLimits.scalers) ?? AssistantLimits.defaultScalers
        let offset = try arguments.optional("offset")?.int(in: 0...Int(Int32.max)) ?? 0
        let answer = try await read("v1/scalers")
        let all = answer["scalers"]?.arrayValue ?? []
        let found = all.map(ListedScaler.init).filter { scaler in
            (namespace == nil || scaler.namespace == namespace) && (!needsAttention || scaler.level < ListedScaler.calm)
                && (search.map { scaler.text.contains($0) } ?? true)
        }.sorted { ($0.level, $0.text) < ($1.level, $1.text) }
        let shown = found.dropFirst(offset).prefix(limit)
        var result = head(answer)
        result["scalers"] = .array(shown.map(\.row))
        result["total"] = .integer(Int64(all.count))
        result["found"] = .integer(Int64(found.count))
        if offset + shown.count < found.count { result["nextOffset"] = .integer(Int64(offset + shown.count)) }
        return result
    }

    private func explainScaler(_ arguments: JSONReader) async throws -> [String: JSON] {
        let key = try arguments.scaler()
        let answer = try await scaler(key)
        var result = head(answer)
        for member in ["scaler", "status", "spec", "next"] { result[member] = answer[member] }
        let decisions = answer["decisions"]?.arrayValue ?? []
        result["recentDecisions"] = .array(decisions.suffix(AssistantLimits.recentDecisions))
        result["recentReadings"] = .array(
            (answer["metrics"]?.arrayValue ?? []).map { metric in
                let readings = metric["readings"]?.arrayValue ?? []
                return [
                    "metric": metric["name"] ?? .null,
                    "readings": .array(readings.suffix(AssistantLimits.recentReadings).map(Self.reading)),
                ]
            })
        return result
    }

    private static func reading(_ entry: JSON) -> JSON {
        [
            "time": entry[0]?.intValue.map(text) ?? .null, "value": entry[1] ?? .null,
            "currentReplicas": entry[2] ?? .null,
            "recommendedReplicas": entry[3] ?? .null,
        ]
    }

    /// Seconds since 1970 as text.
    static func text(_ seconds: Int) -> JSON {
        let (microseconds, isTooLarge) = Int64(seconds).multipliedReportingOverflow(by: 1_000_000)
        return isTooLarge ? .null : .string(Timestamp(microsecondsSince1970: microseconds).rfc3339(.seconds))
    }

    /// Returns the answer about one scaler.
    ///
    /// - Throws: ``Failure`` that says whether the scaler is unknown.
    func scaler(_ key: ObjectKey) async throws -> JSON {
        do {
            return try await read("v1/scalers/\(key.namespace)/\(key.name)")
        } catch let error as UnusableAnswer {
            // The API has one status for a scaler that it does not know and for a standby.
            guard let known = try? await read("v1/scalers")["scalers"]?.arrayValue else { throw error }
            let names = known.map(ListedScaler.init).filter { $0.namespace == key.namespace }.map(\.name).sorted()
            let shown = names.prefix(AssistantLimits.recentDecisions).joined(separator: ", ")
            throw Failure(
                message: "the operator knows no GeneralScaler \(key). "
                    + (names.isEmpty
                        ? "It knows none in this namespace: call list_scalers"
                        : "In this namespace, it knows \(names.count): \(shown)"))
        }
    }
}

/// A scaler in the operator's list.
private struct ListedScaler {
    /// The level of scalers that need no attention.
    static let calm = 3

    let row: JSON
    let namespace: String
    let name: String
    /// In lower case.
    let text: String
    /// 0 for a scaler that needs attention first.
    let level: Int

    init(_ row: JSON) {
        self.row = row
        namespace = row["namespace"]?.stringValue ?? ""
        name = row["name"]?.stringValue ?? ""
        text = "\(namespace)/\(name) \(row["target"]?.stringValue ?? "")".lowercased()
        let causes = (row["limitedBy"]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap(Cause.init) }
        let isAlarming = row["ready"] == "False" || causes.contains(where: Cause.alarming.contains)
        level =
            isAlarming ? 0 : causes.contains(where: Cause.bounding.contains) ? 1 : row["limit"] == nil ? Self.calm : 2
    }
}

extension JSONReader {
    /// The name of a namespace or an object.
    func objectName() throws(JSONPathError) -> String {
        let text = try nonEmptyString()
        guard ConsoleServer.isName(text) else { throw error("must be the name of a Kubernetes object") }
        return text
    }

    /// The members `namespace` and `name`.
    func scaler() throws(JSONPathError) -> ObjectKey {
        ObjectKey(namespace: try required("namespace").objectName(), name: try required("name").objectName())
    }
}
