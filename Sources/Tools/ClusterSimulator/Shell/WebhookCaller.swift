import HTTPTransport

/// Carries reviews to webhooks and their answers back.
struct WebhookCaller: Sendable {
    let http: any HTTPClient

    /// Asks all at once.
    ///
    /// - Returns: what came of each, in their order.
    func outcomes(of calls: [WebhookCall]) async -> [WebhookOutcome] {
        await withTaskGroup(of: (Int, WebhookOutcome).self) { group in
            for (index, call) in calls.enumerated() {
                group.addTask { (index, await outcome(of: call)) }
            }
            var outcomes = calls.map { _ in WebhookOutcome.failure("not asked") }
            for await (index, outcome) in group { outcomes[index] = outcome }
            return outcomes
        }
    }

    private func outcome(of call: WebhookCall) async -> WebhookOutcome {
        let request = HTTPRequest(
            method: "POST", url: call.url,
            headers: [HTTPHeader("Content-Type", "application/json"), HTTPHeader("Accept", "application/json")],
            body: call.body, tls: TLSOptions(certificateAuthorities: call.authorities, serverName: call.serverName),
            timeout: call.timeout, maxBodyBytes: Limits.webhookAnswer)
        do throws(HTTPError) {
            let answer = try await send(request)
            return .answer(status: answer.status, body: answer.body)
        } catch {
            // The real server's text, where users search for it.
            return .failure(error.kind == .deadline ? "context deadline exceeded" : error.message)
        }
    }

    /// Sends a second time if there was no connection: the one that was kept open may be to a webhook that has ended
    /// since.
    private func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        do throws(HTTPError) {
            return try await http.send(request)
        } catch {
            guard error.kind == .connect || error.kind == .connectionLost else { throw error }
            return try await http.send(request)
        }
    }
}
