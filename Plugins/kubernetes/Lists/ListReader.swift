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
        for attempt in 1...Self.maxAttempts {
            var items: [Item] = []
            var next: String?
            repeat {
                let isFirst = next == nil
                let page: Page<Item>? = try await page(path, after: next, subject, mayBeGone: !isFirst, item)
                guard let page else { break }
                items += page.items
                next = page.next
                guard items.count <= KubernetesLimits.maxObjects else {
                    throw PluginError(
                        .sourceUnreachable,
                        "there are more than \(KubernetesLimits.maxObjects) objects in the list of \(subject.what)")
                }
                if next == nil { return items }
            } while next != nil
            if attempt == Self.maxAttempts { break }
        }
        throw PluginError(.sourceUnreachable, "the list of \(subject.what) ended twice before its last page")
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
                    try slicer.eachElement { _, bytes in
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
