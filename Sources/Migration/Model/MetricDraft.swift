import ScalerAPI
import WireFormats

/// An entry of `metrics` under construction.
struct MetricDraft {
    var name = ""
    var type = ""
    private(set) var config: [String: JSON] = [:]
    var formula: String?
    var targetValue: Double?
    var targetType: String?
    var activationValue: Double?
    var maxAgeSeconds: Int?

    /// Sets a field of `config`.
    ///
    /// - Parameter path: names with dots between them, such as `auth.basic.password`.
    mutating func set(_ path: String, _ value: JSON) {
        Self.set(path.split(separator: ".").map(String.init)[...], value, in: &config)
    }

    /// Sets a member whose name may contain dots.
    mutating func set(member: String, of path: String, _ value: JSON) {
        Self.set([path, member], value, in: &config)
    }

    /// Removes a member of `config` and of objects in it.
    mutating func remove(_ path: String) {
        Self.remove(path.split(separator: ".").map(String.init)[...], in: &config)
    }

    subscript(_ path: String) -> JSON? {
        path.split(separator: ".").reduce(JSON.object(config) as JSON?) { $0?[String($1)] }
    }

    private static func set(_ path: ArraySlice<String>, _ value: JSON, in object: inout [String: JSON]) {
        guard let first = path.first else { return }
        guard path.count > 1 else {
            object[first] = value
            return
        }
        var inner = object[first]?.objectValue ?? [:]
        set(path.dropFirst(), value, in: &inner)
        object[first] = .object(inner)
    }

    private static func remove(_ path: ArraySlice<String>, in object: inout [String: JSON]) {
        guard let first = path.first else { return }
        guard path.count > 1, var inner = object[first]?.objectValue else {
            object[first] = nil
            return
        }
        remove(path.dropFirst(), in: &inner)
        object[first] = inner.isEmpty ? nil : .object(inner)
    }

    /// - Parameter isInput: whether a formula uses the metric in place of a target.
    func json(isInput: Bool) -> JSON {
        var members: [String: JSON] = ["name": .string(name)]
        if let formula { members["formula"] = .string(formula) } else { members["type"] = .string(type) }
        if !config.isEmpty { members["config"] = .object(config) }
        if let maxAgeSeconds { members["maxAgeSeconds"] = .integer(Int64(maxAgeSeconds)) }
        guard !isInput else { return .object(members) }
        if let targetValue { members["targetValue"] = targetValue.json }
        if let targetType { members["targetType"] = .string(targetType) }
        if let activationValue, activationValue != 0 { members["activationValue"] = activationValue.json }
        return .object(members)
    }
}

extension Double {
    /// A whole number without a fraction.
    var json: JSON { Int64(exactly: self).map(JSON.integer) ?? .number(self) }

    /// The number as text, without a fraction if it is whole.
    var text: String { json.description }
}
