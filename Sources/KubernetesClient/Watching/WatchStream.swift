import HTTPTransport
import WireFormats

/// An event of a watch.
package enum WatchEvent: Sendable, Hashable {
    case added(ReadObject)
    case modified(ReadObject)
    /// A deletion, with the object's last state.
    case deleted(ReadObject)
    /// Everything up to this resource version has been sent.
    case bookmark(resourceVersion: String)
    case error(KubernetesError)
}

/// The events of a watch as they arrive. Read by one task.
package struct WatchStream {
    private let stream: HTTPStream
    private var lines = LineSplitter(maxBytes: KubernetesLimits.watchLineBytes)
    private let reader: ObjectReader
    private let received: @Sendable () -> Void

    /// - Parameters:
    ///   - reader: the reader of each object.
    ///   - received: called whenever bytes arrive.
    init(_ stream: HTTPStream, _ reader: ObjectReader, received: @escaping @Sendable () -> Void) {
        self.stream = stream
        self.reader = reader
        self.received = received
    }

    /// Cancels the watch. Safe to call at any time, more than once.
    package func cancel() { stream.cancel() }

    /// Returns the next event; nil at the end of the stream. An unfinished line at the end is not an event: a resumed
    /// watch gets it again.
    ///
    /// - Throws: ``KubernetesError/Kind/malformedAnswer`` if the stream is not a watch.
    package mutating func next() async throws(KubernetesError) -> WatchEvent? {
        while true {
            if let event = try nextBuffered() { return event }
            guard let chunk = try await nextChunk() else { return nil }
            received()
            lines.append(chunk)
        }
    }

    /// Returns the next event that has already arrived.
    private mutating func nextBuffered() throws(KubernetesError) -> WatchEvent? {
        switch lines.next() {
        case nil: return nil
        case .overlong:
            throw KubernetesError(.tooLarge, "a watch event is longer than \(KubernetesLimits.watchLineBytes) bytes")
        case .complete(let line):
            do {
                return try WatchEvent(line: line, reader)
            } catch {
                throw KubernetesError(.malformedAnswer, "a line of the watch is not an event: \(error)")
            }
        }
    }

    private func nextChunk() async throws(KubernetesError) -> [UInt8]? {
        do throws(HTTPError) {
            return try await stream.nextChunk()
        } catch {
            throw KubernetesError(error)
        }
    }
}

extension WatchEvent {
    init(line: ArraySlice<UInt8>, _ reader: ObjectReader) throws {
        var type: ArraySlice<UInt8>?
        var object: ArraySlice<UInt8>?
        var slicer = JSONSlicer(line)
        try slicer.eachMember { name, slicer in
            let value = try slicer.value()
            if name.elementsEqual("type".utf8) { type = value }
            if name.elementsEqual("object".utf8) { object = value }
        }
        try slicer.end()
        guard let type, let object else { throw JSONPathError(path: "", message: "type and object are required") }
        switch String(decoding: type, as: UTF8.self) {
        case #""ADDED""#: self = .added(try reader.read(object))
        case #""MODIFIED""#: self = .modified(try reader.read(object))
        case #""DELETED""#: self = .deleted(try reader.read(object))
        case #""BOOKMARK""#:
            let bookmark = JSONReader(try JSON(parsing: object, limits: KubernetesLimits.object))
            let version = try bookmark.required("metadata").required("resourceVersion").nonEmptyString()
            self = .bookmark(resourceVersion: version)
        case #""ERROR""#:
            self = .error(KubernetesError(statusObject: try JSON(parsing: object, limits: KubernetesLimits.object)))
        default: throw JSONPathError(path: "type", message: "is not the type of a watch event")
        }
    }
}

extension KubernetesClient {
    /// Opens a watch for changes after that resource version.
    ///
    /// - Parameters:
    ///   - namespace: nil for all.
    ///   - timeoutSeconds: after how many seconds the server ends the watch.
    ///   - reader: the reader of each object.
    ///   - received: called whenever bytes arrive, on the reader's task.
    package func watch(
        _ kind: ResourceKind, in namespace: String?, _ selection: Selection = Selection(),
        resourceVersion: String, timeoutSeconds: Int, _ reader: ObjectReader = ObjectReader(),
        received: @escaping @Sendable () -> Void = {}
    ) async throws(KubernetesError) -> WatchStream {
        var call = try APICall(.watch, kind, namespace: namespace)
        call.query =
            selection.query + [
                ("watch", "1"), ("resourceVersion", resourceVersion), ("timeoutSeconds", String(timeoutSeconds)),
                ("allowWatchBookmarks", "true"),
            ]
        return WatchStream(try await open(call), reader, received: received)
    }
}
