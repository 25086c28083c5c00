import WireFormats

extension ServerState {
    /// Reviews a change with the webhooks that apply to it.
    ///
    /// Webhooks that have not answered yet are recorded in the call, which then stores nothing.
    ///
    /// - Throws: the refusal of one of them.
    func review(_ change: AdmissionChange, _ call: inout Call) throws(StatusError) {
        // Webhook configurations are exempt: otherwise a broken webhook could not be removed.
        guard let admission = call.admission, call.type.group != Self.webhookConfigurations.group else { return }
        var verdicts: [WebhookVerdict] = []
        var missing: [OpenReview] = []
        for webhook in webhooks {
            guard let version = webhook.version(for: change, call, self) else { continue }
            let request = AdmissionReview.request(change, call, version: version, by: admission.user)
            if let answer = admission.answered.first(where: { $0.isAbout(request, by: webhook) }) {
                verdicts.append(answer.verdict)
                continue
            }
            let uid = configuration.makeUID()
            do throws(Webhook.Unreachable) {
                let remote = try webhook.call(AdmissionReview.encoded(request, uid: uid), self)
                missing.append(OpenReview(webhook: webhook, uid: uid, request: request, call: remote))
            } catch {
                verdicts.append(WebhookVerdict(unreachable: error.why, webhook))
            }
        }
        if !missing.isEmpty {
            call.admission?.missing += missing
            return
        }
        for warning in Self.cut(verdicts.flatMap(\.warnings)) { call.warn(warning) }
        if let refusal = verdicts.lazy.compactMap(\.refusal).first { throw refusal }
    }

    private static let webhookConfigurations = GroupResource(
        group: "admissionregistration.k8s.io", resource: "validatingwebhookconfigurations")

    /// All webhooks, sorted by the names of their configurations.
    private var webhooks: [Webhook] {
        store.table(Self.webhookConfigurations).objects(in: "").flatMap { configuration in
            (configuration.json["webhooks"]?.arrayValue ?? []).map { Webhook($0, in: configuration.key.name) }
        }
    }

    /// Truncates long warnings if their total is too long.
    private static func cut(_ warnings: [String]) -> [String] {
        if warnings.reduce(0, { $0 + $1.count }) <= Limits.warningsCharacters { return warnings }
        var left = Limits.warningsCharacters
        return warnings.map { String($0.prefix(Limits.warningCharacters)) }.prefix { warning in
            left -= warning.count
            return left >= 0
        }
    }
}
