import WireFormats

/// The rules of prometheus-adapter, which turn a metric of the HPA into a query.
///
/// Source: https://github.com/kubernetes-sigs/prometheus-adapter/blob/master/docs/config.md
struct AdapterRules {
    struct Request {
        enum Object {
            case pods(workload: String)
            case object(kind: String, name: String)
            case external
        }

        let metric: String
        let namespace: String?
        let selector: JSON?
        let object: Object
    }

    private struct Rule {
        let series: String
        let json: JSON
        let isExternal: Bool
    }

    private var rules: [Rule] = []

    init(_ objects: [SourceObject]) {
        for object in objects { add(object.json) }
    }

    var isEmpty: Bool { rules.isEmpty }

    /// - Parameter json: a configuration of the adapter.
    private mutating func add(_ json: JSON) {
        // The configuration itself, or the values of the adapter's chart.
        let values = json["rules"]
        let lists = [
            (json["rules"] ?? .null, false), (json["externalRules"] ?? .null, true),
            (values?["custom"] ?? .null, false),
            (values?["external"] ?? .null, true),
        ]
        for (list, isExternal) in lists {
            for rule in list.arrayValue ?? [] {
                rules.append(Rule(series: Self.seriesName(rule), json: rule, isExternal: isExternal))
            }
        }
    }

    /// The name of the series of `seriesQuery`, such as `http_requests_total{namespace!=""}`; empty if it is a pattern.
    private static func seriesName(_ rule: JSON) -> String {
        let query = rule["seriesQuery"]?.stringValue?.trimmed ?? ""
        let name = query.prefix { $0 != "{" }.trimmed
        if !name.isEmpty { return name }
        // {__name__="http_requests_total"}
        guard let start = query.firstRange(of: "__name__=\"") else { return "" }
        return String(query[start.upperBound...].prefix { $0 != "\"" })
    }

    /// Returns the query of a metric; nil if no rule has it.
    func query(_ request: Request) -> String? {
        let isExternal = if case .external = request.object { true } else { false }
        for rule in rules where rule.isExternal == isExternal {
            guard let series = Self.series(rule, of: request.metric) else { continue }
            return Self.filled(rule.json, series, request)
        }
        return nil
    }

    /// Returns the series that a rule shows under the metric's name.
    private static func series(_ rule: Rule, of metric: String) -> String? {
        let matches = rule.json["name"]?["matches"]?.stringValue ?? ""
        let template = rule.json["name"]?["as"]?.stringValue ?? ""
        if !rule.series.isEmpty {
            return exposedName(rule.series, matches: matches, as: template) == metric ? rule.series : nil
        }
        // A rule for many series: the name is found backwards, if it has one group.
        guard let regex = NamePattern(rule.json["seriesQuery"]?.stringValue ?? ""),
            let series = backwards(metric, matches: matches, as: template), regex.allows(series)
        else { return nil }
        return series
    }

    private static func exposedName(_ series: String, matches: String, as template: String) -> String {
        guard !matches.isEmpty else { return template.isEmpty ? series : template }
        guard let regex = try? Regex(matches), let match = try? regex.firstMatch(in: series) else { return series }
        if template.isEmpty { return match.output.count > 1 ? String(match.output[1].substring ?? "") : series }
        var name = template
        for (index, group) in match.output.enumerated() {
            let text = String(group.substring ?? "")
            name = name.replacing("${\(index)}", with: text).replacing("$\(index)", with: text)
        }
        return name
    }

    /// Returns a series whose name has the metric's form: `^(.*)_total$` as `${1}_per_second`.
    private static func backwards(_ metric: String, matches: String, as template: String) -> String? {
        if matches.isEmpty { return template.isEmpty ? metric : nil }
        let frame = matches.drop { $0 == "^" }
        let ends = frame.hasSuffix("$") ? frame.dropLast() : frame
        guard let open = ends.firstIndex(of: "("), let close = ends.lastIndex(of: ")") else { return nil }
        let prefix = ends[..<open]
        let suffix = ends[ends.index(after: close)...]
        let form = template.isEmpty ? "${1}" : template.replacing("$1", with: "${1}")
        guard let group = form.firstRange(of: "${1}") else { return nil }
        let before = form[..<group.lowerBound]
        let after = form[group.upperBound...]
        guard metric.hasPrefix(before), metric.hasSuffix(after), metric.count >= before.count + after.count else {
            return nil
        }
        return "\(prefix)\(metric.dropFirst(before.count).dropLast(after.count))\(suffix)"
    }

    // MARK: The query

    private static let defaultQuery = "sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)"

    private static func filled(_ rule: JSON, _ series: String, _ request: Request) -> String {
        let template = (rule["metricsQuery"]?.stringValue ?? defaultQuery)
            .replacing("<< ", with: "<<").replacing(" >>", with: ">>")
        var matchers: [String] = []
        var group = "pod"
        let isNamespaced = rule["resources"]?["namespaced"]?.boolValue ?? true
        if isNamespaced, let namespace = request.namespace {
            matchers.append("\(label("namespace", rule))=\(quoted(namespace))")
        }
        switch request.object {
        case .pods(let workload):
            group = label("pod", rule)
            matchers.append("\(group)=~\(quoted("\(escaped(workload))-.*"))")
        case .object(let kind, let name):
            group = label(kind.lowercased(), rule)
            matchers.append("\(group)=\(quoted(name))")
        case .external:
            group = ""
        }
        matchers += Self.matchers(request.selector)
        let empty = template.replacing("by (<<.GroupBy>>)", with: group.isEmpty ? "" : "by (\(group))")
        return empty.replacing("<<.Series>>", with: series)
            .replacing("<<.LabelMatchers>>", with: matchers.joined(separator: ","))
            .replacing("<<.GroupBy>>", with: group)
            .trimmed
    }

    /// The label of a resource: of `overrides`, of `template`, or the resource's name.
    private static func label(_ resource: String, _ rule: JSON) -> String {
        let overrides = rule["resources"]?["overrides"]?.objectValue ?? [:]
        let names: Set = [resource, "\(resource)s", "\(resource)es"]
        if let found = overrides.keys.sorted().first(where: { label in
            overrides[label]?["resource"]?.stringValue.map { names.contains($0.lowercased()) } ?? false
        }) {
            return found
        }
        if let template = rule["resources"]?["template"]?.stringValue {
            return template.replacing("<<.Resource>>", with: resource)
        }
        return resource
    }

    private static let operators = ["In": "=~", "NotIn": "!~", "Exists": "!=", "DoesNotExist": "="]

    /// The selector of the metric as matchers.
    private static func matchers(_ selector: JSON?) -> [String] {
        let labels = selector?["matchLabels"]?.objectValue ?? [:]
        let equal = labels.keys.sorted().map { "\($0)=\(quoted(labels[$0]?.stringValue ?? ""))" }
        let expressions = (selector?["matchExpressions"]?.arrayValue ?? []).compactMap { expression -> String? in
            guard let key = expression["key"]?.stringValue,
                let symbol = expression["operator"]?.stringValue.flatMap({ operators[$0] })
            else { return nil }
            let values = (expression["values"]?.arrayValue ?? []).compactMap(\.stringValue).map(escaped)
            return "\(key)\(symbol)\(quoted(values.joined(separator: "|")))"
        }
        return equal + expressions
    }

    private static func quoted(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            if ".+*?()[]{}|^$\\".contains(character) { result.append("\\") }
            result.append(character)
        }
    }
}

/// The names of series that a query such as `{__name__=~"^container_.*",namespace!=""}` selects.
private struct NamePattern {
    private let pattern: Regex<AnyRegexOutput>?

    init?(_ query: String) {
        guard let start = query.firstRange(of: "__name__=~\"") else { return nil }
        let text = query[start.upperBound...].prefix { $0 != "\"" }
        pattern = try? Regex("^(?:\(text))$")
    }

    func allows(_ name: String) -> Bool {
        guard let pattern else { return false }
        return (try? pattern.firstMatch(in: name)) != nil
    }
}
