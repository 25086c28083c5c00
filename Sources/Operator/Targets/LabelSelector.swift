import WireFormats

/// The label selector of a workload as Kubernetes writes it in a query.
enum LabelSelector {
    /// Returns the selector as text, such as `app=web,tier in (a,b)`, in one order regardless of that of the object; nil if it
    /// is absent or malformed, and if it is empty, since such a selector identifies no pods.
    static func text(_ selector: JSON) -> String? {
        guard case .object(let parts) = selector else { return nil }
        var terms: [String] = []
        for (name, value) in parts["matchLabels"]?.objectValue ?? [:] {
            guard let value = value.stringValue else { return nil }
            terms.append("\(name)=\(value)")
        }
        for expression in parts["matchExpressions"]?.arrayValue ?? [] {
            guard let term = term(expression) else { return nil }
            terms.append(term)
        }
        return terms.isEmpty ? nil : terms.sorted().joined(separator: ",")
    }

    private static func term(_ expression: JSON) -> String? {
        guard let key = expression["key"]?.stringValue else { return nil }
        let values = (expression["values"]?.arrayValue ?? []).compactMap(\.stringValue).sorted()
        let list = "(\(values.joined(separator: ",")))"
        return switch expression["operator"]?.stringValue {
        case "In" where !values.isEmpty: "\(key) in \(list)"
        case "NotIn" where !values.isEmpty: "\(key) notin \(list)"
        case "Exists": key
        case "DoesNotExist": "!\(key)"
        default: nil
        }
    }
}
