import HTTPTransport
import HTTPTypes
import Hummingbird

/// Forwards requests to the HTTP servers of pods, as the API server's proxy does.
struct PodProxy: Sendable {
    let http: any HTTPClient

    /// The time to the head of the answer.
    private static let timeout: Duration = .seconds(10)
    /// The proxy keeps these for itself.
    private static let ownHeaders: Set = ["authorization", "host", "connection", "accept-encoding"]

    func response(to request: Request, port: UInt16) async -> Response {
        let target = request.head.path ?? ""
        let path = target.firstRange(of: "/proxy").map { String(target[$0.upperBound...]) } ?? ""
        let headers = request.headers.filter { !Self.ownHeaders.contains($0.name.canonicalName) }
            .map { HTTPHeader($0.name.rawName, $0.value) }
        let forwarded = HTTPTransport.HTTPRequest(
            url: "http://127.0.0.1:\(port)\(path)", headers: headers, timeout: Self.timeout)
        do throws(HTTPTransport.HTTPError) {
            let stream = try await http.stream(forwarded)
            var fields: HTTPFields = [:]
            fields[.contentType] = stream.head.header("Content-Type")
            return Response(
                status: .init(code: stream.head.status), headers: fields,
                body: .init { writer in
                    var responseWriter = writer
                    try await copy(stream, to: &responseWriter)
                    try await responseWriter.finish(nil)
                })
        } catch {
            return Response(
                status: .serviceUnavailable, body: .init(byteBuffer: .init(string: "error trying to reach service\n")))
        }
    }

    @concurrent
    private func copy(_ stream: HTTPStream, to writer: inout any ResponseBodyWriter) async throws {
        defer { stream.cancel() }
        while let chunk = try await stream.nextChunk() { try await writer.write(ByteBuffer(bytes: chunk)) }
    }
}
