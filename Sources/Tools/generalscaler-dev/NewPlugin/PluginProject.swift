import SDKFiles

/// The files of a new plugin, ready to be checked.
struct PluginProject {
    enum Language: String, CaseIterable {
        case python
        case go
        case node
        case typescript
        case bash
        case swift
    }

    struct File {
        /// Inside of the project's directory.
        let path: String
        let contents: [UInt8]
        var isExecutable = false
    }

    /// The metric type.
    let type: String
    let files: [File]

    /// The name of the plugin's executable and of its directory.
    var name: String { Self.name(of: type) }

    static func name(of type: String) -> String { "generalscaler-plugin-\(type)" }

    /// - Parameters:
    ///   - source: the language's own files, without those that every project has.
    ///   - readme: what the README says of this language.
    init(_ type: String, readme: Readme, ignored: String, _ source: [File]) {
        self.type = type
        files =
            source + [
                File(path: "README.md", contents: Array(readme.text(type).utf8)),
                File(path: "config.json", contents: Array("{\"directory\": \"/usr\"}\n".utf8)),
                File(path: "bad-config.json", contents: Array("{\"directory\": 1}\n".utf8)),
            ]
            + (ignored.isEmpty ? [] : [File(path: ".gitignore", contents: Array("\(ignored)\n".utf8))])
    }

    /// What the READMEs of the languages differ in.
    struct Readme {
        /// Where the SDK is, and how it is replaced by a newer one.
        let sdk: String
        /// The path of the executable.
        let program: String
        /// The command that makes it.
        var build = ""
        let install: String

        fileprivate func text(_ type: String) -> String {
            PluginProject.fill(PackageResources.readme_md, type)
                .replacing("__SDK__", with: sdk).replacing("__INSTALL__", with: install)
                .replacing("__PROGRAM__", with: program).replacing("__BUILD__", with: build.isEmpty ? "" : "\(build)\n")
        }
    }

    /// Returns a template with the metric type and the project's name in it.
    static func fill(_ template: [UInt8], _ type: String) -> String {
        String(decoding: template, as: UTF8.self).replacing("__TYPE__", with: type)
            .replacing("__PROJECT__", with: name(of: type))
    }

    /// Returns the file that a template makes.
    static func file(_ path: String, _ template: [UInt8], _ type: String, isExecutable: Bool = false) -> File {
        File(path: path, contents: Array(fill(template, type).utf8), isExecutable: isExecutable)
    }

    /// Returns the copy of an SDK in a folder of the project.
    static func copy(of sdk: [SDKFile], in folder: String) -> [File] {
        sdk.map { File(path: "\(folder)/\($0.path)", contents: $0.contents) }
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
            return "use lower-case letters, digits and -, beginning with a letter, at most \(maxTypeLength)"
        }
        return nil
    }

    /// So that the executable's name fits a file system and a label.
    private static let maxTypeLength = 40
}
