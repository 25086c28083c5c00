import HTTPTransport
package import WireFormats

/// One event of a watch.
package enum WatchEvent: Sendable, Hashable {
    case added(JSON)
    case modified(JSON)
    /// With the object's last state.
    case deleted(JSON)
    /// Everything up to this resourceVersion has been sent.
    case bookmark(resourceVersion: String)
    case error(KubernetesError)
}

/// The events of a watch as they arrive. Read by one task.
package struct WatchStream {
    private let stream: HTTPStream
    private var lines = LineSplitter(maximumLineBytes: KubernetesLimits.watchLineBytes)
    private let received: @Sendable () -> Void

    /// - Parameter received: called whenever bytes arrive.
    init(_ stream: HTTPStream, received: @escaping @Sendable () -> Void) {
        self.stream = stream
        self.received = received
    }

    /// Gives the watch up. Safe to call at any time, more than once.
    package func cancel() { stream.cancel() }

    /// The next event; nil at the end of the stream. An unfinished line at the end is no event: whoever resumes gets
    /// it again.
    ///
    /// - Throws: ``KubernetesError/Kind/malformedAnswer`` where the stream is no watch.
    package mutating func next() async throws(KubernetesError) -> WatchEvent? {
        while true {
            if let event = try nextBuffered() { return event }
            guard let chunk = try await nextChunk() else { return nil }
            received()
            lines.append(chunk)
        }
    }

    /// The next event that has already arrived.
    private mutating func nextBuffered() throws(KubernetesError) -> WatchEvent? {
        do {
            while let line = try lines.next() {
                if line.isEmpty { continue }
                return try WatchEvent(line: line)
            }
            return nil
        } catch is LineSplitter.LineTooLong {
            throw KubernetesError(.tooLarge, "a watch event is longer than \(KubernetesLimits.watchLineBytes) bytes")
        } catch {
            throw KubernetesError(.malformedAnswer, "a line of the watch is no event: \(error)")
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
    init(line: ArraySlice<UInt8>) throws {
        let reader = JSONReader(try JSON(parsing: line))
        let object = try reader.required("object")
        switch try reader.required("type").string() {
        case "ADDED": self = .added(object.value)
        case "MODIFIED": self = .modified(object.value)
        case "DELETED": self = .deleted(object.value)
        case "BOOKMARK":
            let version = try object.required("metadata").required("resourceVersion").nonEmptyString()
            self = .bookmark(resourceVersion: version)
        case "ERROR": self = .error(KubernetesError(statusObject: object.value))
        default: throw reader.error("has a type that no watch event has")
        }
    }
}

extension KubernetesClient {
    /// Opens a watch for what changes after that resourceVersion.
    ///
    /// - Parameters:
    ///   - namespace: nil for all.
    ///   - timeoutSeconds: when the server shall end the watch.
    ///   - received: called whenever bytes arrive, on the reader's task.
    package func watch(
        _ kind: ResourceKind, in namespace: String?, _ selection: Selection = Selection(),
        resourceVersion: String, timeoutSeconds: Int,
        received: @escaping @Sendable () -> Void = {}
    ) async throws(KubernetesError) -> WatchStream {
        var call = try APICall(.watch, kind, namespace: namespace)
        call.query =
            selection.query + [
                ("watch", "1"), ("resourceVersion", resourceVersion), ("timeoutSeconds", String(timeoutSeconds)),
                ("allowWatchBookmarks", "true"),
            ]
        return WatchStream(try await open(call), received: received)
    }
}
