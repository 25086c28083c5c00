import FoundationEssentials
import WireFormats

/// The rules for a ValidatingWebhookConfiguration in addition to its schema.
struct WebhookConfigurationRules {
    private static let reviewVersions = ["v1", "v1beta1"]
    private static let operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]

    private var errors: [FieldError] = []

    static func errors(_ configuration: JSON) -> [FieldError] {
        var rules = WebhookConfigurationRules()
        var names: Set<String> = []
        for (index, webhook) in (configuration["webhooks"]?.arrayValue ?? []).enumerated() {
            let path = "webhooks[\(index)]"
            rules.check(webhook, path)
            let name = webhook.string("name") ?? ""
            if !name.isEmpty, !names.insert(name).inserted {
                rules.errors.append(.duplicate("\(path).name", .string(name)))
            }
        }
        return rules.errors
    }

    private mutating func check(_ webhook: JSON, _ path: String) {
        checkName(webhook.string("name") ?? "", "\(path).name")
        for (index, rule) in (webhook["rules"]?.arrayValue ?? []).enumerated() {
            check(rule: rule, "\(path).rules[\(index)]")
        }
        for selector in ["namespaceSelector", "objectSelector"] {
            check(selector: webhook[selector] ?? [:], "\(path).\(selector)")
        }
        check(client: webhook["clientConfig"] ?? [:], "\(path).clientConfig")
        if webhook["matchConditions"]?.arrayValue?.isEmpty == false {
            // Refused, because otherwise the webhook would be called for requests that the condition excludes.
            errors.append(.forbidden("\(path).matchConditions", "a simulated cluster evaluates no CEL"))
        }
        check(reviewVersions: webhook["admissionReviewVersions"]?.arrayValue ?? [], "\(path).admissionReviewVersions")
    }

    private mutating func checkName(_ name: String, _ path: String) {
        if name.isEmpty {
            errors.append(.required(path))
        } else if let problem = NameRules.problem(name, .subdomain) {
            errors.append(.invalid(path, .string(name), problem))
        } else if name.split(separator: ".").count < 3 {
            errors.append(
                .invalid(path, .string(name), "should be a domain with at least three segments separated by dots"))
        }
    }

    private mutating func check(reviewVersions versions: [JSON], _ path: String) {
        let list = Self.reviewVersions.joined(separator: ", ")
        guard !versions.isEmpty else {
            errors.append(.required(path, "must specify one of \(list)"))
            return
        }
        for (index, version) in versions.enumerated() where versions[..<index].contains(version) {
            errors.append(.invalid("\(path)[\(index)]", version, "duplicate version"))
        }
        if !versions.contains(where: { Self.reviewVersions.contains($0.stringValue ?? "") }) {
            errors.append(.invalid(path, .array(versions), "must include at least one of \(list)"))
        } else if !versions.contains("v1") {
            errors.append(.invalid(path, .array(versions), "a simulated cluster sends v1 alone"))
        }
    }

    // MARK: Rules

    private mutating func check(rule: JSON, _ path: String) {
        let operations = list(rule, "operations", "operations", path)
        for (index, operation) in operations.enumerated()
        where !Self.operations.contains(operation.stringValue ?? "") {
            errors.append(
                .notSupported(
                    "\(path).operations[\(index)]", operation, supported: Self.operations.map { .string($0) }))
        }
        _ = list(rule, "apiGroups", "API groups", path)
        for (index, version) in list(rule, "apiVersions", "API versions", path).enumerated() where version == "" {
            errors.append(.required("\(path).apiVersions[\(index)]"))
        }
        check(resources: rule["resources"]?.arrayValue?.compactMap(\.stringValue) ?? [], "\(path).resources")
    }

    /// Reads a list that is not empty, and has no other entry next to `*`.
    private mutating func list(_ rule: JSON, _ name: String, _ words: String, _ path: String) -> [JSON] {
        let values = rule[name]?.arrayValue ?? []
        if values.isEmpty { errors.append(.required("\(path).\(name)")) }
        if values.count > 1, values.contains("*") {
            errors.append(
                .invalid("\(path).\(name)", .array(values), "if '*' is present, must not specify other \(words)"))
        }
        return values
    }

    private mutating func check(resources: [String], _ path: String) {
        if resources.isEmpty { errors.append(.required(path)) }
        var wholeResources: Set<Substring> = []
        var wholeSubresources: Set<Substring> = []
        for (index, text) in resources.enumerated() {
            let place = "\(path)[\(index)]"
            if text.isEmpty { errors.append(.required(place)) }
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            if wholeResources.contains(parts[0]) {
                errors.append(
                    .invalid(place, .string(text), "if '\(parts[0])/*' is present, must not specify \(text)"))
            }
            if wholeSubresources.contains(parts[1]) {
                errors.append(
                    .invalid(place, .string(text), "if '*/\(parts[1])' is present, must not specify \(text)"))
            }
            if parts[1] == "*" { wholeResources.insert(parts[0]) }
            if parts[0] == "*" { wholeSubresources.insert(parts[1]) }
        }
        let all = JSON.array(resources.map { .string($0) })
        if resources.count > 1, resources.contains("*/*") {
            errors.append(.invalid(path, all, "if '*/*' is present, must not specify other resources"))
        }
        if resources.contains("*"), resources.contains(where: { $0 != "*" && !$0.contains("/") }) {
            errors.append(
                .invalid(path, all, "if '*' is present, must not specify other resources without subresources"))
        }
    }

    // MARK: Selectors

    private mutating func check(selector: JSON, _ path: String) {
        for (key, value) in (selector["matchLabels"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            if let problem = NameRules.qualifiedNameProblem(key) {
                errors.append(.invalid("\(path).matchLabels", .string(key), problem))
            }
            if let problem = NameRules.labelValueProblem(value.stringValue ?? "") {
                errors.append(.invalid("\(path).matchLabels", value, problem))
            }
        }
        for (index, expression) in (selector["matchExpressions"]?.arrayValue ?? []).enumerated() {
            check(expression: expression, "\(path).matchExpressions[\(index)]")
        }
    }

    private mutating func check(expression: JSON, _ path: String) {
        let values = expression["values"]?.arrayValue ?? []
        switch expression.string("operator") {
        case "In", "NotIn":
            if values.isEmpty {
                errors.append(.required("\(path).values", "must be specified when `operator` is 'In' or 'NotIn'"))
            }
        case "Exists", "DoesNotExist":
            if !values.isEmpty {
                errors.append(
                    .forbidden("\(path).values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
            }
        default:
            errors.append(
                .invalid("\(path).operator", expression["operator"] ?? "", "not a valid selector operator"))
        }
        let key = expression.string("key") ?? ""
        if let problem = NameRules.qualifiedNameProblem(key) {
            errors.append(.invalid("\(path).key", .string(key), problem))
        }
        for (index, value) in values.enumerated() {
            if let problem = NameRules.labelValueProblem(value.stringValue ?? "") {
                errors.append(.invalid("\(path).values[\(index)]", value, problem))
            }
        }
    }

    // MARK: Where the webhook is

    private mutating func check(client: JSON, _ path: String) {
        switch (client.string("url"), client["service"]) {
        case (nil, nil), (_?, _?): errors.append(.required(path, "exactly one of url or service is required"))
        case (let url?, nil): check(url: url, "\(path).url")
        case (nil, let service?): check(service: service, "\(path).service")
        }
    }

    private mutating func check(url text: String, _ path: String) {
        let form = "; desired format: https://host[/path]"
        guard let url = URLComponents(string: text) else {
            errors.append(.required(path, "url must be a valid URL: \(text)\(form)"))
            return
        }
        if url.scheme != "https" {
            errors.append(
                .invalid(path, .string(url.scheme ?? ""), "'https' is the only allowed URL scheme\(form)"))
        }
        if url.host?.isEmpty ?? true { errors.append(.invalid(path, "", "host must be provided\(form)")) }
        if let user = url.user {
            errors.append(.invalid(path, .string(user), "user information is not permitted in the URL"))
        }
        if let fragment = url.fragment, !fragment.isEmpty {
            errors.append(.invalid(path, .string(fragment), "fragments are not permitted in the URL"))
        }
        if let query = url.query, !query.isEmpty {
            errors.append(.invalid(path, .string(query), "query parameters are not permitted in the URL"))
        }
    }

    private mutating func check(service: JSON, _ path: String) {
        for (name, words) in [("name", "service name is required"), ("namespace", "service namespace is required")]
        where service.string(name)?.isEmpty ?? true {
            errors.append(.required("\(path).\(name)", words))
        }
        let port = service.int("port") ?? 443
        if !(1...65_535).contains(port) {
            errors.append(
                .invalid("\(path).port", JSON(port), "port is not valid: must be between 1 and 65535, inclusive"))
        }
        guard let text = service.string("path"), !text.isEmpty, text != "/" else { return }
        if !text.hasPrefix("/") { errors.append(.invalid("\(path).path", .string(text), "must start with a '/'")) }
        var steps = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        if steps.count > 1, steps.last?.isEmpty == true { steps.removeLast() }
        for (index, step) in steps.enumerated() {
            if step.isEmpty {
                errors.append(.invalid("\(path).path", .string(text), "segment[\(index)] may not be empty"))
            } else if let problem = NameRules.problem(String(step), .subdomain) {
                errors.append(.invalid("\(path).path", .string(text), "segment[\(index)]: \(problem)"))
            }
        }
    }
}
