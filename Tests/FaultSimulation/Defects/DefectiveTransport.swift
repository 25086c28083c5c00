import FoundationEssentials
import HTTPTransport
import WireFormats

/// A transport to the API server with a defect.
///
/// Not thread-safe and sent to other tasks nevertheless: all code of the simulation runs on one thread, see
/// ``JobQueue``.
final class DefectiveTransport: HTTPClient, @unchecked Sendable {
    private let network: SimulatedNetwork
    private let defect: PlantedDefect?
    /// The items of the first list of each kind.
    private var firstLists: [String: JSON] = [:]

    init(_ network: SimulatedNetwork, _ defect: PlantedDefect?) {
        self.network = network
        self.defect = defect
    }

    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        switch defect {
        case .resourceVersionNotSent where request.isScalePatch:
            return try await network.send(request.changingBody { $0.removing("metadata") })
        case .pendingScaleLost where request.isStatusPatch:
            return try await network.send(
                request.changingBody { body in body.mapping("status") { $0.setting("pendingScale", .null) } })
        case .budgetStatusLost where request.isStatusPatch && request.url.contains("/scalingbudgets/"):
            return HTTPResponse(head: HTTPResponseHead(status: 200, headers: []), body: Array("{}".utf8))
        case .lateAnswerAppliedTwice where request.isScalePatch: return try await sendTwice(request)
        case .leaderCheckSkipped where request.url.contains("/leases/") && request.method == "PUT":
            return try await renewAnyhow(request)
        default: return try await network.send(request)
        }
    }

    func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
        let stream = try await network.stream(request)
        if defect == .relistDropped, request.isList { return listAsFirst(request, stream) }
        if request.url.contains("/scalingbudgets") { return budgets(request, stream) }
        guard request.url.contains("/generalscalers") else { return stream }
        switch defect {
        case .rateIgnored: return changingEachObject(of: stream, \.withoutRates)
        case .schedulesNotListed where request.isList: return changingEachObject(of: stream, \.withoutSchedules)
        case .givenUpNotCounted where request.isList:
            return changingEachObject(of: stream, \.withoutUnconfirmedReplicas)
        case .predecessorNotCounted where request.isList: return droppingWhatIsNotApplied(stream)
        default: return stream
        }
    }

    private func budgets(_ request: HTTPRequest, _ stream: HTTPStream) -> HTTPStream {
        switch defect {
        case .budgetLimitDoubled: changingEachObject(of: stream, \.withDoubledLimits)
        case .guaranteeIgnored: changingEachObject(of: stream, \.withoutSharing)
        case .reclaimNotImmediate: changingEachObject(of: stream, \.withoutReclaim)
        case .budgetRelistDropped where !request.url.contains("watch=1"): listAsFirst(request, stream)
        default: stream
        }
    }

    private func changingEachObject(
        of stream: HTTPStream, _ change: @escaping @Sendable (JSON) -> JSON
    ) -> HTTPStream {
        HTTPStream(
            head: stream.head,
            nextChunk: { () throws(HTTPError) in
                try await stream.nextChunk().map { chunk in
                    // The simulated network delivers whole lines.
                    Array(
                        chunk.split(separator: UInt8(ascii: "\n")).map { Array($0).changingEachObject(change) }
                            .joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")]
                }
            }, cancel: stream.cancel)
    }

    /// Drops scale operations that the target does not show. Those that it shows start cooldowns, which are no concern of
    /// budgets.
    private func droppingWhatIsNotApplied(_ stream: HTTPStream) -> HTTPStream {
        HTTPStream(
            head: stream.head,
            nextChunk: { [self] () throws(HTTPError) in
                guard let chunk = try await stream.nextChunk() else { return nil }
                guard let list = try? JSON(parsing: chunk), let items = list["items"]?.arrayValue else { return chunk }
                var changed: [JSON] = []
                for item in items {
                    let item = item.withoutUnconfirmedReplicas
                    changed.append(await isApplied(item) ? item : item.withoutPendingScale)
                }
                return list.setting("items", .array(changed)).encoded()
            }, cancel: stream.cancel)
    }

    private func isApplied(_ scaler: JSON) async -> Bool {
        guard let pending = scaler["status"]?["pendingScale"],
            let name = scaler["spec"]?["targetDeployment"]?.stringValue,
            let namespace = scaler["metadata"]?["namespace"]?.stringValue
        else { return true }
        let url = "\(SimulatedNetwork.server)/apis/apps/v1/namespaces/\(namespace)/deployments/\(name)/scale"
        guard let response = try? await network.send(HTTPRequest(url: url, timeout: .seconds(5))),
            let scale = try? JSON(parsing: response.body)
        else { return true }
        // Kubernetes omits 0.
        return scale["spec"]?["replicas"]?.intValue ?? 0 != pending["from"]?.intValue
    }

    private func sendTwice(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        do throws(HTTPError) {
            return try await network.send(request)
        } catch {
            guard error.kind == .connectionLost || error.kind == .deadline else { throw error }
            // With the current version of the target.
            let scale = try await network.send(request.reading)
            let version = (try? JSON(parsing: scale.body))?["metadata"]?["resourceVersion"]
            return try await network.send(
                request.changingBody { $0.setting("metadata", ["resourceVersion": version ?? .null]) })
        }
    }

    /// Every renewal is reported as successful.
    private func renewAnyhow(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let holder = request.body.flatMap { try? JSON(parsing: $0) }?["spec"]?["holderIdentity"]?.stringValue
        let outcome: Result<HTTPResponse, HTTPError>
        do throws(HTTPError) { outcome = .success(try await network.send(request)) } catch { outcome = .failure(error) }
        if case .success(let answer) = outcome, answer.status < 300 { return answer }
        guard holder?.isEmpty == false, !network.isDead, let body = request.body else { return try outcome.get() }
        return HTTPResponse(head: HTTPResponseHead(status: 200, headers: []), body: body)
    }

    private func listAsFirst(_ request: HTTPRequest, _ stream: HTTPStream) -> HTTPStream {
        HTTPStream(
            head: stream.head,
            // The simulated network delivers a list in one piece.
            nextChunk: { [self] () throws(HTTPError) in
                guard let chunk = try await stream.nextChunk() else { return nil }
                guard stream.head.status < 300, let list = try? JSON(parsing: chunk), let items = list["items"] else {
                    return chunk
                }
                let path = String(request.url.prefix { $0 != "?" })
                guard let first = firstLists[path] else {
                    firstLists[path] = items
                    return chunk
                }
                return list.setting("items", first).encoded()
            }, cancel: stream.cancel)
    }
}

extension HTTPRequest {
    fileprivate var isScalePatch: Bool { method == "PATCH" && url.contains("/scale") }
    fileprivate var isStatusPatch: Bool { method == "PATCH" && url.contains("/status") }
    fileprivate var isList: Bool {
        method == "GET" && !url.contains("watch=1")
            && (url.contains("/generalscalers?") || url.contains("/deployments?"))
    }

    /// A GET of the patched object.
    fileprivate var reading: HTTPRequest {
        var request = self
        request.method = "GET"
        request.url = String(url.prefix { $0 != "?" })
        request.body = nil
        return request
    }

    fileprivate func changingBody(_ change: (JSON) -> JSON) -> HTTPRequest {
        var request = self
        request.body = body.flatMap { try? JSON(parsing: $0) }.map { change($0).encoded() } ?? body
        return request
    }
}

extension JSON {
    fileprivate func removing(_ name: String) -> JSON { setting(name, nil) }

    fileprivate func setting(_ name: String, _ value: JSON?) -> JSON {
        guard case .object(var members) = self else { return self }
        members[name] = value
        return .object(members)
    }

    fileprivate func mapping(_ name: String, _ change: (JSON) -> JSON) -> JSON {
        self[name].map { setting(name, change($0)) } ?? self
    }

    fileprivate var withoutRates: JSON {
        mapping("spec") { spec in
            spec.mapping("safety") {
                $0.setting("maxScaleUpRate", .integer(1_000)).setting("maxScaleDownRate", .integer(1_000))
            }
        }
    }

    fileprivate var withoutPendingScale: JSON { mapping("status") { $0.removing("pendingScale") } }
    fileprivate var withoutUnconfirmedReplicas: JSON { mapping("status") { $0.removing("unconfirmedReplicas") } }
    fileprivate var withoutSharing: JSON { mapping("spec") { $0.removing("sharing") } }
    fileprivate var withoutReclaim: JSON { mapping("spec") { $0.removing("reclaim") } }

    fileprivate var withDoubledLimits: JSON {
        mapping("spec") { spec in
            spec.mapping("limits") { limits in
                .array(
                    (limits.arrayValue ?? []).map { limit in
                        limit.mapping("amount") { .number(2 * ($0.doubleValue ?? 0)) }
                    })
            }
        }
    }

    fileprivate var withoutSchedules: JSON { mapping("spec") { $0.removing("schedules") } }

    /// Returns a list with its items changed, a watch event with its object changed, or an object changed.
    fileprivate func changingEachObject(_ change: (JSON) -> JSON) -> JSON {
        if let items = self["items"]?.arrayValue { return setting("items", .array(items.map(change))) }
        return self["object"] == nil ? change(self) : mapping("object", change)
    }
}

extension [UInt8] {
    fileprivate func changingEachObject(_ change: (JSON) -> JSON) -> [UInt8] {
        (try? JSON(parsing: self))?.changingEachObject(change).encoded() ?? self
    }
}
