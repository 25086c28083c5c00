import WireFormats

/// Serves the tools to an assistant: reads messages, and writes answers, one per line.
package actor AssistantServer {
    package enum Line: Sendable {
        case whole([UInt8])
        /// Longer than ``AssistantLimits/lineBytes``.
        case tooLong
    }

    private let tools: AssistantTools
    private let write: @Sendable ([UInt8]) -> Void
    private var session: AssistantSession
    /// By the identifier of their request.
    private var calls: [JSON: Task<Void, Never>] = [:]

    /// - Parameters:
    ///   - version: of this program.
    ///   - write: writes bytes to the client.
    package init(tools: AssistantTools, version: String, write: @escaping @Sendable ([UInt8]) -> Void) {
        self.tools = tools
        self.write = write
        session = AssistantSession(version: version, tools: AssistantTools.list)
    }

    /// Serves until the input ends; calls in progress are cancelled then.
    package func run(nextLine: @Sendable () async -> Line?) async {
        while let line = await nextLine() {
            switch line {
            case .tooLong:
                send(
                    AssistantSession.failure(
                        .null, AssistantMessage.ErrorCode.invalidRequest,
                        "the line is longer than \(AssistantLimits.lineBytes) bytes"))
            case .whole(let bytes): handle(bytes)
            }
        }
        for call in calls.values { call.cancel() }
        while let call = calls.values.first { await call.value }
    }

    private func handle(_ line: [UInt8]) {
        switch session.take(line) {
        case .nothing: break
        case .reply(let reply): send(reply)
        case .cancel(let id): calls[id]?.cancel()
        case .call(let call):
            guard calls[call.id] == nil else {
                return send(
                    AssistantSession.failure(
                        call.id, AssistantMessage.ErrorCode.invalidRequest, "a request with this id is in progress"))
            }
            guard calls.count < AssistantLimits.callsAtOnce else {
                let answer = tools.failure("\(AssistantLimits.callsAtOnce) calls are in progress: wait for one of them")
                return send(session.answer(to: call, answer))
            }
            // `run` awaits it at the end.
            calls[call.id] = Task { await answer(call) }
        }
    }

    private func answer(_ call: AssistantSession.Call) async {
        let answer = await tools.call(call.tool, call.arguments)
        calls[call.id] = nil
        // A cancelled request has no answer.
        guard !Task.isCancelled else { return }
        send(session.answer(to: call, answer))
    }

    private func send(_ message: JSON) { write(message.encoded() + [0x0A]) }
}
