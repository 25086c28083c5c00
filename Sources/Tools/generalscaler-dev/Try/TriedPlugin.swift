import WireFormats

/// The plugin that is tried, as `plugins.yaml` describes it.
struct TriedPlugin: Sendable {
    /// What the file name of a plugin begins with.
    private static let prefix = "generalscaler-plugin-"
    /// The name of a plugin whose file name has no usable character.
    private static let standIn = "plugin"

    /// Absolute.
    let path: String
    let arguments: [String]
    let environment: [String: String]
    /// Absolute.
    let readPaths: [String]

    /// The file's name without the prefix and the extension, in characters that `plugins.yaml` takes.
    var name: String {
        var name = path.split(separator: "/").last.map(String.init) ?? ""
        if name.hasPrefix(Self.prefix) { name.removeFirst(Self.prefix.count) }
        let words = name.split(separator: ".").first ?? ""
        let kept = words.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        let trimmed = String(kept).split(separator: "-").joined(separator: "-").prefix(Self.maxNameLength)
        return trimmed.first?.isLetter == true ? String(trimmed) : Self.standIn
    }

    private static let maxNameLength = 40

    /// The content of `plugins.yaml`: JSON is YAML too.
    var manifest: JSON {
        [
            "plugins": [
                name: [
                    "argv": .array(([path] + arguments).map { .string($0) }),
                    "env": .object(environment.mapValues { .string($0) }),
                    "readPaths": .array(readPaths.map { .string($0) }),
                ]
            ]
        ]
    }
}
