import WireFormats

/// The value of a parameter of a trigger.
struct ParameterValue {
    enum Content {
        case text(String)
        /// A reference in the form of `config`: `valueFrom`.
        case reference(JSON)
    }

    let content: Content
    /// What the user has to know of the value, such as that a Secret is missing.
    let note: String?

    var text: String? { if case .text(let text) = content { text } else { nil } }
    /// The value for a string field of `config`.
    var json: JSON {
        switch content {
        case .text(let text): .string(text)
        case .reference(let reference): reference
        }
    }
}

/// The conversion of one trigger of a ScaledObject.
final class TriggerConversion {
    let ledger: FieldLedger
    let scaler: ScalerContext
    /// The path of the trigger, such as `spec.triggers[0]`.
    let path: String
    /// The path of the metric in the result, such as `spec.metrics[0]`.
    var place: String
    let json: JSON
    let authentication: Authentication?
    let container: JSON?
    let isTargetKnown: Bool
    var metric = MetricDraft()
    /// Parameters that a converter collects for ``TriggerRules/finish``.
    var parts: [String: ParameterValue] = [:]
    /// The forecast that the trigger asks for.
    var forecast: ForecastRequest?
    /// Why the whole trigger has no equivalent; nil if it has one.
    var refusal: String?

    init(
        _ ledger: FieldLedger, scaler: ScalerContext, index: Int, authentication: Authentication?, container: JSON?
    ) {
        self.ledger = ledger
        self.scaler = scaler
        path = "spec.triggers[\(index)]"
        place = "spec.metrics[\(index)]"
        json = ledger.object.json["spec"]?["triggers"]?[index] ?? .null
        self.authentication = authentication
        self.container = container
        isTargetKnown = container != nil
    }

    var type: String { json["type"]?.stringValue ?? "" }
    var metadata: [String: JSON] { json["metadata"]?.objectValue ?? [:] }
    var identity: String? { authentication?.identity }

    // MARK: Parameters

    private static let environmentSuffix = "FromEnv"

    /// The literal value of a parameter. Kubernetes takes strings only, but files often have numbers and booleans.
    func literal(_ name: String) -> String? {
        guard let value = metadata[name], !value.isNull else { return nil }
        return value.stringValue ?? value.description
    }

    /// Whether the trigger or its authentication has a parameter.
    func has(_ name: String) -> Bool {
        authentication?.parameters[name] != nil
            || [name, name + Self.environmentSuffix].contains { literal($0)?.isEmpty == false }
    }

    /// Returns the value of a parameter from the trigger or its authentication; nil if neither has it.
    ///
    /// - Parameter isSecret: whether a literal value must not be copied.
    func value(_ name: String, isSecret: Bool) -> ParameterValue? {
        if let parameter = authentication?.parameters[name], let authentication {
            return value(parameter, name, authentication, isSecret: isSecret)
        }
        if let text = literal(name) { return text.isEmpty ? nil : checked(text, name, isSecret: isSecret) }
        if let variable = literal(name + Self.environmentSuffix), !variable.isEmpty {
            return environment(variable, name, in: container, isKnown: isTargetKnown, isSecret: isSecret)
        }
        return nil
    }

    /// Returns the value of an entry of the metadata that the source gets under its whole name, also if that ends in
    /// `FromEnv`; nil if it has none.
    func entry(_ key: String) -> ParameterValue? {
        guard let text = literal(key), !text.isEmpty else { return nil }
        guard key.hasSuffix(Self.environmentSuffix) else { return checked(text, key, isSecret: false) }
        return environment(text, key, in: container, isKnown: isTargetKnown, isSecret: false)
    }

    /// Whether a text is a URL with a password. Of `host` of RabbitMQ, the parts are converted.
    private static func hasPassword(_ text: String, _ name: String) -> Bool {
        guard name != "host", let scheme = text.firstRange(of: "://") else { return false }
        let authority = text[scheme.upperBound...].prefix { !"/?#".contains($0) }
        guard let at = authority.lastIndex(of: "@") else { return false }
        return authority[..<at].contains(":")
    }

    private func checked(_ text: String, _ name: String, isSecret: Bool) -> ParameterValue {
        guard isSecret || Self.hasPassword(text, name) else { return ParameterValue(content: .text(text), note: nil) }
        return toCreate(name, contents: "the value of `\(path).metadata.\(name)` in \(ledger.object.label)")
    }

    /// Returns a reference to a Secret that the user has to create.
    func toCreate(_ key: String, contents: String) -> ParameterValue {
        let reference = scaler.secretToCreate(key: key, contents: contents)
        return ParameterValue(
            content: .reference(reference),
            note: "create Secret `\(scaler.secretName)` with \(contents)")
    }

    private func value(
        _ parameter: Authentication.Parameter, _ name: String, _ authentication: Authentication, isSecret: Bool
    ) -> ParameterValue? {
        switch parameter.source {
        case .secret(let secret, let key):
            let reference = scaler.secret(name: secret, key: key)
            guard let source = authentication.secretNamespace else {
                return ParameterValue(content: .reference(reference), note: nil)
            }
            scaler.add(SecretTask(namespace: scaler.namespace, name: secret, work: .copy(from: source)))
            return ParameterValue(
                content: .reference(reference),
                note: "Secret `\(secret)` is in KEDA's namespace: copy it to the namespace of the scaler")
        case .environment(let variable, let containerName):
            let target = ledger.object.json["spec"]?["scaleTargetRef"]
            let container = scaler.objects.container(
                of: target, namespace: scaler.namespace,
                name: containerName ?? target?["envSourceContainerName"]?.stringValue)
            return environment(variable, name, in: container, isKnown: container != nil, isSecret: isSecret)
        case .token(let account):
            let audience = "https://kubernetes.default.svc"
            let reference: JSON = [
                "valueFrom": [
                    "serviceAccountToken": ["serviceAccountName": .string(account), "audience": .string(audience)]
                ]
            ]
            return ParameterValue(
                content: .reference(reference),
                note: "ServiceAccount `\(account)` needs a label and an annotation for the audience `\(audience)`: "
                    + "docs/how-to/secrets.md, \"Use a token of a ServiceAccount\"")
        case .text(let text):
            return checked(text, name, isSecret: isSecret)
        case .unsupported(let nearest):
            return toCreate(name, contents: "the value of parameter `\(name)`: \(nearest)")
        }
    }

    private func environment(
        _ variable: String, _ name: String, in container: JSON?, isKnown: Bool, isSecret: Bool
    ) -> ParameterValue {
        let place = "the value of the environment variable `\(variable)` of the target's container"
        guard isKnown else {
            return toCreate(variable, contents: "\(place), since the target is not in the input")
        }
        if let entry = container?["env"]?.arrayValue?.first(where: { $0["name"]?.stringValue == variable }) {
            if let text = entry["value"]?.stringValue {
                return isSecret || Self.hasPassword(text, name)
                    ? toCreate(variable, contents: place) : ParameterValue(content: .text(text), note: nil)
            }
            if let secret = entry["valueFrom"]?["secretKeyRef"], let secretName = secret["name"]?.stringValue,
                let key = secret["key"]?.stringValue
            {
                return ParameterValue(content: .reference(scaler.secret(name: secretName, key: key)), note: nil)
            }
            if let map = entry["valueFrom"]?["configMapKeyRef"], let mapName = map["name"]?.stringValue,
                let key = map["key"]?.stringValue,
                let text = scaler.objects.find(["ConfigMap"], name: mapName, namespace: scaler.namespace)?
                    .json["data"]?[key]?.stringValue
            {
                return checked(text, name, isSecret: isSecret)
            }
            return toCreate(variable, contents: place)
        }
        return environmentOfSource(variable, name, container, isSecret: isSecret)
            ?? toCreate(variable, contents: place)
    }

    /// Returns the value from `envFrom`, if it is unambiguous.
    private func environmentOfSource(
        _ variable: String, _ name: String, _ container: JSON?, isSecret: Bool
    ) -> ParameterValue? {
        let sources = container?["envFrom"]?.arrayValue ?? []
        for source in sources {
            let prefix = source["prefix"]?.stringValue ?? ""
            guard variable.hasPrefix(prefix), let map = source["configMapRef"]?["name"]?.stringValue else { continue }
            let key = String(variable.dropFirst(prefix.count))
            if let text = scaler.objects.find(["ConfigMap"], name: map, namespace: scaler.namespace)?
                .json["data"]?[key]?.stringValue
            {
                return checked(text, name, isSecret: isSecret)
            }
        }
        let secrets = sources.filter {
            $0["secretRef"] != nil && variable.hasPrefix($0["prefix"]?.stringValue ?? "")
        }
        guard secrets.count == 1, sources.allSatisfy({ $0["configMapRef"] == nil }),
            let secret = secrets[0]["secretRef"]?["name"]?.stringValue
        else { return nil }
        let key = variable.dropFirst((secrets[0]["prefix"]?.stringValue ?? "").count)
        return ParameterValue(
            content: .reference(scaler.secret(name: secret, key: String(key))), note: nil)
    }

    // MARK: Outcomes

    /// Records the outcome for each field that defines the parameter.
    func mark(_ name: String, _ outcome: FieldOutcome) {
        for key in [name, name + Self.environmentSuffix] where metadata[key] != nil {
            ledger.mark("\(path).metadata.\(key)", outcome)
        }
        if let parameter = authentication?.parameters[name], let authentication {
            authentication.ledger.mark(parameter.path, outcome.placed(in: scaler.name))
        }
    }

    /// Sets a field of the metric's config, and returns the outcome.
    func set(_ field: String, _ value: ParameterValue) -> FieldOutcome {
        metric.set(field, value.json)
        return outcome(field, value.note)
    }

    func outcome(_ field: String, _ note: String?) -> FieldOutcome {
        let place = field.isEmpty ? place : "\(place).config.\(field)"
        return note.map { .different(to: place, meaning: $0) } ?? .converted(to: place)
    }

    /// Sets a field of the config that several parameters make up. If one of them is a reference, the value cannot be
    /// composed, and the user has to create a Secret with it.
    ///
    /// - Parameters:
    ///   - names: the parameters.
    ///   - contents: what the value is, such as "the address, host and port".
    func compose(
        _ field: String, from names: [String], contents: String, _ make: ([String: String]) -> String?
    ) {
        let values = names.compactMap { name in parts[name].map { (name, $0) } }
        let texts = values.compactMap { name, value in value.text.map { (name, $0) } }
        if texts.count == values.count {
            if let text = make(Dictionary(texts) { first, _ in first }) { metric.set(field, .string(text)) }
            return
        }
        let created = toCreate("\(metric.name)-\(field)", contents: contents)
        metric.set(field, created.json)
        for (name, _) in values { mark(name, outcome(field, created.note)) }
    }
}

extension FieldOutcome {
    /// The same outcome with the name of the scaler before its place.
    fileprivate func placed(in scaler: String) -> FieldOutcome {
        switch self {
        case .converted(let place): .converted(to: "\(scaler): \(place)")
        case .different(let place, let meaning):
            .different(to: place.isEmpty ? "" : "\(scaler): \(place)", meaning: meaning)
        case .notConvertible: self
        }
    }
}
