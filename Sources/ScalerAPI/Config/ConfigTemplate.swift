package import WireFormats

/// A metric's config as written by a user: each object with the member `valueFrom` refers to a
/// value of a Secret, or to a token.
package struct ConfigTemplate: Sendable {
    package struct Place: Sendable, Hashable {
        /// The path, such as `spec.metrics[0].config.auth.bearer.token`.
        package let path: String
        package let reference: ValueReference
    }

    package let json: JSON
    private let path: String
    /// The members that came from the administrator's defaults.
    package let inherited: Set<String>
    /// The path of the defaults in `plugins.yaml`, such as `plugins.kubernetes.defaults`.
    private let defaultsPath: String
    /// The locations of references.
    package private(set) var places: [Place] = []
    /// Malformed references.
    package private(set) var problems: [JSONPathError] = []
    /// The paths of malformed references.
    private var malformed: [String] = []

    /// The maximum number of references in one metric's config.
    package static let maxReferences = 64

    /// - Parameters:
    ///   - path: the path of the config, such as `spec.metrics[0].config`.
    ///   - inherited: the members that came from the administrator's defaults.
    ///   - defaultsPath: the path of the defaults in `plugins.yaml`.
    package init(_ json: JSON, path: String, inherited: Set<String> = [], defaultsPath: String = "defaults") {
        self.json = json
        self.path = path
        self.inherited = inherited
        self.defaultsPath = defaultsPath
        _ = filled(json, .whole(path)) { json, location in
            let reference = JSONReader(json, path: location.text)
            guard places.count + problems.count < Self.maxReferences else {
                if places.count + problems.count == Self.maxReferences {
                    problems.append(
                        reference.error("exceeds the limit of \(Self.maxReferences) references in a config"))
                }
                return nil
            }
            do throws(JSONPathError) {
                places.append(
                    Place(
                        path: reference.path,
                        reference: try ValueReference(reference, isOperators: isInherited(location))))
            } catch {
                problems.append(error)
                malformed.append(reference.path)
            }
            return nil
        }
    }

    /// Returns whether the path is, or is part of, a reference, even a malformed one.
    package func isReference(_ path: String) -> Bool {
        (places.map(\.path) + malformed).contains {
            path == $0 || path.hasPrefix($0 + ".") || path.hasPrefix($0 + "[")
        }
    }

    /// Returns the config with a text in place of each reference, even of a malformed one.
    package func filledEverywhere(with text: String) -> JSON {
        filled(json, .whole(path)) { _, _ in .string(text) } ?? [:]
    }

    /// Returns the first malformed reference in the administrator's defaults of a plugin.
    ///
    /// - Parameter path: the path of the defaults, such as `plugins.kubernetes.defaults`.
    package static func problem(inDefaults defaults: [String: JSON], path: String) -> JSONPathError? {
        ConfigTemplate(.object(defaults), path: path, inherited: Set(defaults.keys)).problems.first
    }

    /// Returns the path to name in a message: a field of `plugins.yaml` for one that the config has from the
    /// administrator's defaults.
    package func origin(of path: String) -> String {
        guard isInherited(path) else { return path }
        return "\(defaultsPath)\(path.dropFirst(self.path.count)) in plugins.yaml"
    }

    /// Returns whether a field of the config is from the administrator's defaults.
    package func isInherited(_ path: String) -> Bool {
        guard path.hasPrefix("\(self.path).") else { return false }
        return inherited.contains(String(path.dropFirst(self.path.count + 1).prefix { $0 != "." && $0 != "[" }))
    }

    /// Returns the config with the function's result for each reference; a field without a value is omitted.
    package func filled(_ value: (ValueReference) -> String?) -> JSON {
        filled(json, .whole(path)) { json, location in
            (try? ValueReference(JSONReader(json), isOperators: isInherited(location))).flatMap(value)
                .map { .string($0) }
        } ?? [:]
    }

    private func isInherited(_ location: Location) -> Bool {
        location.topLevelMember.map(inherited.contains) ?? false
    }

    private func filled(_ value: JSON, _ location: Location, _ replace: (JSON, Location) -> JSON?) -> JSON? {
        switch value {
        case .object(let members):
            if members[ValueReference.marker] != nil, !location.isWhole { return replace(value, location) }
            var result: [String: JSON] = [:]
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                result[name] = filled(member, .member(location, name), replace)
            }
            return .object(result)
        case .array(let elements):
            return .array(
                elements.enumerated().compactMap { index, element in
                    filled(element, .element(location, index), replace)
                })
        default: return value
        }
    }
}

/// The location of a value. It is converted to text only for messages: a path can be as long as the config.
private indirect enum Location {
    case whole(String)
    case member(Location, String)
    case element(Location, Int)

    var isWhole: Bool {
        if case .whole = self { true } else { false }
    }

    /// The name of the config's own member that the location is in.
    var topLevelMember: String? {
        switch self {
        case .whole: nil
        case .member(let parent, let name): parent.isWhole ? name : parent.topLevelMember
        case .element(let parent, _): parent.topLevelMember
        }
    }

    var text: String {
        switch self {
        case .whole(let path): path
        case .member(let parent, let name): "\(parent.text).\(name)"
        case .element(let parent, let index): "\(parent.text)[\(index)]"
        }
    }
}
