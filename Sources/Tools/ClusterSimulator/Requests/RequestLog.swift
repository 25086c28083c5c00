/// A received request, for tests.
package struct LoggedRequest: Sendable {
    /// The time in microseconds since 1970.
    package let time: Int64
    package let method: String
    package let path: String
    package let query: [(name: String, value: String)]
    /// The resource; nil for other requests: discovery, health, schemas.
    package let info: RequestInfo?
    package let userAgent: String
    package let contentType: String
    package let body: [UInt8]
    package let status: Int
}

/// The last requests, oldest first, up to a limit.
struct RequestLog: Sendable {
    private(set) var entries: [LoggedRequest] = []

    mutating func record(_ request: APIRequest, status: Int, at time: Int64) {
        // Removes half at a time, so that the cost per request stays low.
        if entries.count >= Limits.requestLog { entries.removeFirst(Limits.requestLog / 2) }
        entries.append(
            LoggedRequest(
                time: time, method: request.method, path: request.path, query: request.query,
                info: RequestInfo(request), userAgent: request.headers["user-agent"] ?? "",
                contentType: request.headers["content-type"] ?? "", body: request.body, status: status))
    }

    mutating func clear() { entries = [] }
}
