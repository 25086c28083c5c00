import HTTPTransport
import PluginSDK
import SourceSupport
import WireFormats

/// Reads a list of the API server page by page, one object at a time, so that no list is in memory as a whole.
struct ListReader: Sendable {
    let api: APIClient
    let endpoint: APIEndpoint
    let deadline: ContinuousClock.Instant

    /// Pages are ended by the server after some minutes: then the list is read from the start once.
    private static let maxAttempts = 2

    private struct Page<Item> {
        var items: [Item] = []
        var next: String?
    }

    /// - Parameters:
    ///   - path: the path of the list, such as `/api/v1/namespaces/shop/pods`.
    ///   - item: returns what is kept of an object.
    func items<Item>(
        _ path: String, _ subject: APISubject, item: (JSON) throws(PluginError) -> Item
    ) async throws(PluginError) -> [Item] {
        for _ in 1...Self.maxAttempts {
            if let items = try await attempt(path, subject, item) { return items }
        }
        throw PluginError(.sourceUnreachable, "the list of \(subject.what) ended twice before its last page")
    }

    /// Returns nil if a continuation was too old.
    private func attempt<Item>(
        _ path: String, _ subject: APISubject, _ item: (JSON) throws(PluginError) -> Item
    ) async throws(PluginError) -> [Item]? {
        var items: [Item] = []
        var next: String?
        for _ in 1...KubernetesLimits.maxPages {
            guard let page = try await page(path, after: next, subject, mayBeGone: next != nil, item) else {
                return nil
            }
            items += page.items
            guard items.count <= KubernetesLimits.maxObjects else { throw Self.tooManyObjects(subject) }
            guard let continuation = page.next else { return items }
            guard continuation != next else {
                throw .malformed(subject.what, "the list continues with the page that it came from")
            }
            next = continuation
        }
        throw .malformed(subject.what, "the list does not end after \(KubernetesLimits.maxPages) pages")
    }

    private static func tooManyObjects(_ subject: APISubject) -> PluginError {
        PluginError(
            .sourceUnreachable,
            "there are more than \(KubernetesLimits.maxObjects) objects in the list of \(subject.what), which is more than "
                + "the plugin reads: delete those that are no longer needed, or spread them over namespaces")
    }

    /// Returns nil if the continuation is too old.
    private func page<Item>(
        _ path: String, after next: String?, _ subject: APISubject, mayBeGone: Bool,
        _ item: (JSON) throws(PluginError) -> Item
    ) async throws(PluginError) -> Page<Item>? {
        var query = [(name: "limit", value: "\(KubernetesLimits.pageSize)")]
        if let next { query.append((name: "continue", value: next)) }
        let answer = try await api.get(path, query, at: endpoint, timeLeft: max(.zero, deadline - .now))
        return try answer.read { response throws(PluginError) -> Page<Item>? in
            if mayBeGone, response.status == 410 { return nil }
            guard response.status == 200 else { throw PluginError(response, reading: subject) }
            return try Self.parse(response.body, subject, item)
        }
    }

    private static func parse<Item>(
        _ body: [UInt8], _ subject: APISubject, _ item: (JSON) throws(PluginError) -> Item
    ) throws(PluginError) -> Page<Item> {
        var page = Page<Item>()
        var isList = false
        do {
            var slicer = JSONSlicer(body[...])
            try slicer.eachMember { name, slicer in
                switch String(decoding: name, as: UTF8.self) {
                case "items":
                    isList = true
                    if try slicer.peeksNull() { return }
                    try slicer.eachElement { index, bytes in
                        guard index < KubernetesLimits.maxObjects else { throw tooManyObjects(subject) }
                        page.items.append(try item(try JSON(parsing: bytes, limits: KubernetesLimits.object)))
                    }
                case "metadata":
                    let metadata = try JSON(parsing: try slicer.value(), limits: KubernetesLimits.object)
                    page.next = metadata["continue"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
                default: _ = try slicer.value()
                }
            }
            try slicer.end()
        } catch let error as PluginError {
            throw error
        } catch {
            throw .malformed(subject.what, "\(error)")
        }
        guard isList else { throw .malformed(subject.what, "it has no items: \(Quoting.quote(body))") }
        return page
    }
}

extension JSONSlicer {
    /// Reads a `null`, which Go writes for a list without elements; returns false if there is another value.
    fileprivate mutating func peeksNull() throws -> Bool {
        var ahead = self
        guard try ahead.value().elementsEqual("null".utf8) else { return false }
        self = ahead
        return true
    }
}
