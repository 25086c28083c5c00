/// The files of a new plugin, ready to be checked.
struct PluginProject {
    enum Language: String, CaseIterable {
        case swift
        case python
    }

    /// The source of the SDK of a plugin in Swift.
    enum SDK {
        /// A checkout of this package.
        case path(String)
        /// Its repository.
        case url(String)
    }

    struct File {
        /// Inside of the project's directory.
        let path: String
        let text: String
        var isExecutable = false
    }

    /// The metric type.
    let type: String
    let files: [File]

    /// The name of the plugin's executable and of its directory.
    var name: String { Self.name(of: type) }

    private static func name(of type: String) -> String { "generalscaler-plugin-\(type)" }

    private static let config = "{\"largest\": 10}\n"
    private static let badConfig = "{\"largest\": 0}\n"

    static func python(_ type: String) -> PluginProject {
        let program = File(path: name(of: type), text: fill(PackageResources.plugin_py, type), isExecutable: true)
        return PluginProject(
            type: type, files: [program] + common(type, program: "./\(program.path)", build: ""))
    }

    static func swift(_ type: String, sdk: SDK) -> PluginProject {
        let typeName = type.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        let source = fill(PackageResources.plugin_swift_template, type).replacing("__NAME__", with: typeName)
        let package = fill(PackageResources.package_swift_template, type)
            .replacing("__DEPENDENCY__", with: sdk.dependency).replacing("__PACKAGE__", with: sdk.package)
        let name = name(of: type)
        return PluginProject(
            type: type,
            files: [
                File(path: "Package.swift", text: package),
                File(path: "Sources/\(name)/\(typeName)Plugin.swift", text: source),
                File(path: ".gitignore", text: ".build/\n"),
            ] + common(type, program: ".build/debug/\(name)", build: "swift build\n"))
    }

    private static func common(_ type: String, program: String, build: String) -> [File] {
        let readme = fill(PackageResources.readme_md, type).replacing("__PROGRAM__", with: program)
            .replacing("__BUILD__", with: build)
        return [
            File(path: "README.md", text: readme), File(path: "config.json", text: config),
            File(path: "bad-config.json", text: badConfig),
        ]
    }

    private static func fill(_ template: [UInt8], _ type: String) -> String {
        String(decoding: template, as: UTF8.self).replacing("__TYPE__", with: type)
    }

    /// Returns the reason why a word cannot be a metric type; nil if it can.
    static func fault(ofType type: String) -> String? {
        let letters = type.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-")
        }
        guard letters, (1...maxTypeLength).contains(type.utf8.count), type.first?.isLetter == true, type.last != "-"
        else {
            return "use small letters, digits and -, beginning with a letter, at most \(maxTypeLength)"
        }
        return nil
    }

    /// So that the executable's name fits a file system and a label.
    private static let maxTypeLength = 40
}

extension PluginProject.SDK {
    /// The first release with the SDK that the template uses.
    private static let version = "0.1.0"

    fileprivate var dependency: String {
        switch self {
        case .path(let path): "name: \"generalscaler\", path: \"\(Self.escaped(path))\""
        case .url(let url): "url: \"\(Self.escaped(url))\", from: \"\(Self.version)\""
        }
    }

    /// The name by which products of the package are asked for.
    fileprivate var package: String {
        switch self {
        case .path: return "generalscaler"
        case .url(let url):
            let last = url.split(separator: "/").last.map(String.init) ?? url
            return Self.escaped(last.hasSuffix(".git") ? String(last.dropLast(4)) : last)
        }
    }

    /// As the text of a Swift string.
    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}
