import FoundationEssentials
import WireFormats

/// A webhook of a ValidatingWebhookConfiguration.
struct Webhook: Sendable {
    let name: String
    /// A unique identity of the webhook.
    let identity: String
    let ignoresFailures: Bool
    private let rules: [WebhookRule]
    private let matchesEquivalents: Bool
    private let namespaceSelector: LabelSelector
    private let objectSelector: LabelSelector
    private let timeoutSeconds: Int
    private let client: JSON

    /// - Parameter webhook: the stored webhook, with its defaults.
    init(_ webhook: JSON, in configuration: String) {
        name = webhook.string("name") ?? ""
        identity = "\(configuration)/\(name)"
        ignoresFailures = webhook.string("failurePolicy") == "Ignore"
        rules = (webhook["rules"]?.arrayValue ?? []).map(WebhookRule.init)
        matchesEquivalents = webhook.string("matchPolicy") != "Exact"
        namespaceSelector = LabelSelector(webhook["namespaceSelector"] ?? [:])
        objectSelector = LabelSelector(webhook["objectSelector"] ?? [:])
        timeoutSeconds = webhook.int("timeoutSeconds") ?? 10
        client = webhook["clientConfig"] ?? [:]
    }

    // MARK: For which changes

    /// Returns the version in which the webhook expects the change; nil if it does not apply.
    func version(for change: AdmissionChange, _ call: Call, _ state: ServerState) -> String? {
        let own = call.type.version
        // Versions of a kind differ only in their apiVersion, which is the only conversion needed.
        let others = matchesEquivalents ? state.registry.versions(of: call.type.group).filter { $0 != own } : []
        let version = ([own] + others).first { version in
            state.registry.type(group: call.type.group, version: version, plural: call.type.plural) != nil
                && rules.contains { $0.matches(change.operation, call, version: version) }
        }
        guard let version, selectsNamespace(of: change, call, state) else { return nil }
        let isSelected = [change.object, change.oldObject].contains { object in
            object.map { objectSelector.matches($0.labels) } ?? false
        }
        return isSelected ? version : nil
    }

    /// Returns whether the namespace selector applies. A namespace is matched by its own labels; an object without a
    /// namespace always matches.
    private func selectsNamespace(of change: AdmissionChange, _ call: Call, _ state: ServerState) -> Bool {
        if call.type.storage == ServerState.namespaces {
            return namespaceSelector.matches((change.object ?? change.oldObject ?? [:]).labels)
        }
        guard call.type.isNamespaced else { return true }
        let key = ObjectKey(namespace: "", name: call.info.namespace)
        return namespaceSelector.matches(state.store.object(ServerState.namespaces, key)?.labels ?? [:])
    }

    // MARK: Address

    struct Unreachable: Error {
        let why: String
    }

    func call(_ body: [UInt8], _ state: ServerState) throws(Unreachable) -> WebhookCall {
        let bundle = client.string("caBundle") ?? ""
        let authorities = bundle.isEmpty ? nil : Data(base64Encoded: bundle).map { Array($0) }
        let limit = "?timeout=\(timeoutSeconds)s"
        func remote(_ url: String, named name: String, serverName: String?) -> WebhookCall {
            WebhookCall(
                url: url, name: name, serverName: serverName, authorities: authorities,
                timeout: .seconds(timeoutSeconds), body: body)
        }
        if let url = client.string("url") { return remote(url + limit, named: url + limit, serverName: nil) }
        let service = client["service"] ?? [:]
        let serverName = "\(service.string("name") ?? "").\(service.string("namespace") ?? "").svc"
        let rest = ":\(service.int("port") ?? 443)\(service.string("path") ?? "/")\(limit)"
        let name = "https://\(serverName)\(rest)"
        do throws(Unreachable) {
            return remote("https://\(try host(of: service, state))\(rest)", named: name, serverName: serverName)
        } catch {
            throw Unreachable(why: "Post \(JSON.string(name)): \(error.why)")
        }
    }

    /// Returns the host of a Service. The simulated cluster has no network, so a Service of type ExternalName names the
    /// host.
    private func host(of service: JSON, _ state: ServerState) throws(Unreachable) -> String {
        let name = service.string("name") ?? ""
        let key = ObjectKey(namespace: service.string("namespace") ?? "", name: name)
        guard let found = state.store.object(GroupResource(group: "", resource: "services"), key) else {
            throw Unreachable(why: "service \(JSON.string(name)) not found")
        }
        guard found.json.string("spec", "type") == "ExternalName", let host = found.json.string("spec", "externalName")
        else {
            throw Unreachable(
                why: """
                    no endpoints available for service \(JSON.string(name)): a simulated cluster has no network, only a \
                    Service of type ExternalName leads anywhere
                    """)
        }
        return host
    }
}
