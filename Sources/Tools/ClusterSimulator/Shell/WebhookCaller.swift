import HTTPTransport

/// Sends reviews to webhooks and returns their answers.
struct WebhookCaller: Sendable {
    let http: any HTTPClient

    /// Calls all webhooks concurrently.
    ///
    /// - Returns: the outcomes, in the order of the calls.
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
            // The real server's text, which users search for.
            return .failure(error.kind == .deadline ? "context deadline exceeded" : error.message)
        }
    }

    /// Sends a request, and retries once if the connection failed: a kept-alive connection may be to a webhook that has
    /// ended.
    private func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        do throws(HTTPError) {
            return try await http.send(request)
        } catch {
            guard error.kind == .connect || error.kind == .connectionLost else { throw error }
            return try await http.send(request)
        }
    }
}
