import Backtest
import HTTPTransport
import KubernetesClient
import ScalerAPI
import Scaling
import SystemIO
import WireFormats

/// Answers the page's what-if questions: drafts of specs, and their replays.
struct WhatIf: Sendable {
    /// A question that the page can ask.
    enum Question: String, CaseIterable {
        /// Changes fields of a draft, and checks it.
        case draft
        case replay
        /// As `replay`, as the page of `simulate --html`.
        case report

        init?(path: String) {
            guard let question = Self.allCases.first(where: { $0.path == path }) else { return nil }
            self = question
        }

        var path: String { "/whatif/\(rawValue)" }
    }

    enum Answer: Sendable {
        case json(JSON)
        case page([UInt8])
    }

    private let upstream: any UpstreamAPI
    private let sources: ReplaySources
    /// A replay uses a processor fully: one at a time.
    private let turn = AsyncSemaphore(1)

    init(upstream: any UpstreamAPI, sources: ReplaySources) {
        self.upstream = upstream
        self.sources = sources
    }

    /// - Throws: ``WhatIfProblem``, or `CancellationError` if the reader has left.
    func answer(_ question: Question, _ body: [UInt8]) async throws -> Answer {
        guard let json = try? JSON(parsing: body), let namespace = json["namespace"]?.stringValue,
            let name = json["name"]?.stringValue, [namespace, name].allSatisfy(ConsoleServer.isName)
        else { throw WhatIfProblem("the request must be a JSON object with the namespace and the name of a scaler") }
        let key = ObjectKey(namespace: namespace, name: name)
        guard question != .draft else { return .json(try await draft(of: key, json)) }
        guard let yaml = json["yaml"]?.stringValue else { throw WhatIfProblem("the request has no spec") }
        let changed = try SpecDraft(yaml: yaml)
        return try await turn.withPermit {
            let scaler = try await scaler(key)
            let seconds = json["seconds"]?.intValue ?? 3_600
            let readings = try await readings(of: key, scaler, json, seconds: seconds)
            let replay = try Self.replay(of: key, scaler, changed, json, readings, seconds: seconds)
            let comparison = try await replay.run(recordsReport: question == .report)
            guard question == .replay else {
                return .page(comparison.report(title: "\(key), present and changed") ?? [])
            }
            let patch = SpecPatch(from: replay.present.spec, to: changed.spec)
            return .json(await Self.described(comparison, of: key, patch: patch))
        }
    }

    /// The comparison, with what applies the change.
    @concurrent
    private static func described(_ comparison: SpecComparison, of key: ObjectKey, patch: SpecPatch) async -> JSON {
        var json = comparison.json.objectValue ?? [:]
        let file = "\(key.name)-patch.yaml"
        json["patchFile"] = .string(file)
        json["patchYAML"] = .string(patch.yaml)
        json["commands"] = [
            .string("kubectl patch generalscaler \(key.name) -n \(key.namespace) --type json --patch-file \(file)"),
            .string(
                "kubectl patch --local -f \(key.name).yaml --type json --patch-file \(file) -o yaml | kubectl apply -f -"
            ),
        ]
        return .object(json)
    }

    // MARK: Drafts

    private func draft(of key: ObjectKey, _ json: JSON) async throws -> JSON {
        var spec: JSON
        if let yaml = json["yaml"]?.stringValue {
            spec = try SpecDraft.spec(inYAML: yaml)
        } else {
            spec = try Self.presentSpec(try await scaler(key), key)
        }
        for (path, value) in (json["set"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            spec = Self.set(value, in: spec, path.split(separator: ".")[...]) ?? spec
        }
        let text = json["set"] == nil ? json["yaml"]?.stringValue ?? SpecDraft.yaml(spec) : SpecDraft.yaml(spec)
        var answer: [String: JSON] = ["yaml": .string(text), "spec": spec]
        do throws(WhatIfProblem) {
            _ = try SpecDraft(yaml: text)
            answer["problems"] = []
        } catch {
            answer["problems"] = error.json["problems"]
        }
        var known: [JSON] = ["memory"]
        if sources.traces[key] != nil { known.append("trace") }
        if sources.histories.contains(key) { known.append("range") }
        answer["sources"] = .array(known)
        return .object(answer)
    }

    /// Returns the JSON with the value at the path, or without it for null; nil if there is no such place.
    static func set(_ value: JSON, in json: JSON, _ keys: ArraySlice<Substring>) -> JSON? {
        guard let key = keys.first else { return value }
        if case .array(var elements) = json {
            guard let index = Int(key), elements.indices.contains(index),
                let changed = set(value, in: elements[index], keys.dropFirst())
            else { return nil }
            elements[index] = changed
            return .array(elements)
        }
        guard json.objectValue != nil || json == .null else { return nil }
        var members = json.objectValue ?? [:]
        let changed = set(value, in: members[String(key)] ?? .null, keys.dropFirst())
        guard let changed else { return nil }
        if changed == .null || changed == [:] {
            members.removeValue(forKey: String(key))
        } else {
            members[String(key)] = changed
        }
        return .object(members)
    }

    // MARK: Replays

    private func scaler(_ key: ObjectKey) async throws -> JSON {
        do {
            return try await upstream.json("v1/scalers/\(key.namespace)/\(key.name)")
        } catch let answer as UnusableAnswer {
            throw WhatIfProblem(answer.description)
        }
    }

    private static func presentSpec(_ scaler: JSON, _ key: ObjectKey) throws(WhatIfProblem) -> JSON {
        guard let spec = scaler["spec"], spec != .null else {
            throw WhatIfProblem(
                "the spec of \(key) is not valid, or the operator is older than this program: see its state")
        }
        return spec
    }

    private static func replay(
        of key: ObjectKey, _ scaler: JSON, _ changed: SpecDraft, _ json: JSON, _ readings: ReplayReadings, seconds: Int
    ) throws(WhatIfProblem) -> SpecReplay {
        var types: [String: MetricSpec.TargetType] = [:]
        for metric in scaler["status"]?["metrics"]?.arrayValue ?? [] {
            guard let name = metric["name"]?.stringValue else { continue }
            types[name] = metric["targetType"]?.stringValue.flatMap(MetricSpec.TargetType.init)
        }
        return try SpecReplay(
            present: try SpecDraft(try presentSpec(scaler, key)), changed: changed, targetTypes: types,
            readings: readings, seconds: seconds, workload: try workload(scaler, json))
    }

    private func readings(
        of key: ObjectKey, _ scaler: JSON, _ json: JSON, seconds: Int
    ) async throws -> ReplayReadings {
        switch json["source"]?.stringValue.flatMap(ReplayReadings.Origin.init) {
        case .memory: return try ReplayReadings(memory: scaler, seconds: seconds)
        case .trace:
            guard let trace = sources.traces[key] else {
                throw WhatIfProblem("there is no trace of \(key): start the console with --trace \(key)=FILE")
            }
            return ReplayReadings(origin: .trace, trace: trace)
        case .range: return try await sources.history(key, seconds)
        case nil: throw WhatIfProblem("source must be memory, trace or range")
        }
    }

    private static func workload(_ scaler: JSON, _ json: JSON) throws(WhatIfProblem) -> Workload {
        var workload = Workload()
        let known = scaler["status"]?["forecast"]?["startupSeconds"]?.doubleValue
        if let seconds = json["startupSeconds"]?.doubleValue ?? known {
            guard (0...86_400).contains(seconds) else {
                throw WhatIfProblem("the start-up time must be from 0 to 86400 seconds")
            }
            workload.startupDelay = .seconds(seconds)
        }
        if let price = json["price"]?.doubleValue {
            guard price >= 0 else { throw WhatIfProblem("the price must not be negative") }
            workload.pricePerReplicaHour = price
        }
        if let replicas = json["recordedReplicas"]?.intValue {
            guard (0...Int(Int32.max)).contains(replicas) else {
                throw WhatIfProblem("the recorded replicas must be from 0 to \(Int32.max)")
            }
            workload.recordedReplicas = replicas
        }
        return workload
    }
}
