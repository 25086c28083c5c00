import ArgumentParser
import CommandSupport
import FoundationEssentials

struct NewPluginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new-plugin",
        abstract: "Scaffold a new plugin.",
        discussion: """
            Creates the directory generalscaler-plugin-NAME, with a plugin that passes plugin-check, a copy of the SDK of \
            its language, and a README that describes how to build, check, call and install it.
            """
    )

    @Option(help: "The plugin's language: python, go, node (JavaScript), typescript, bash or swift.")
    var language: PluginProject.Language

    @Option(help: ArgumentHelp("For swift: a checkout of GeneralScaler, whose PluginSDK is copied.", valueName: "dir"))
    var sdkPath: String?

    @Option(help: ArgumentHelp("For swift: the repository of GeneralScaler, instead of --sdk-path.", valueName: "url"))
    var sdkURL: String?

    @Option(help: ArgumentHelp("Directory to create for the plugin.", valueName: "dir"))
    var directory = "."

    @Argument(help: "The metric type that the plugin reads, such as queue-depth.")
    var name: String

    func validate() throws {
        if let fault = PluginProject.fault(ofType: name) {
            throw ValidationError("\(name) is not a metric type: \(fault)")
        }
        if language == .swift, (sdkPath == nil) == (sdkURL == nil) {
            throw ValidationError("give the SDK: --sdk-path with a checkout of GeneralScaler, or --sdk-url")
        }
    }

    func run() throws {
        let project = try makeProject()
        let files = FileManager.default
        let root = URL(filePath: directory).appending(path: project.name)
        guard !files.fileExists(atPath: root.path) else { throw ValidationError("\(root.path) already exists") }
        for file in project.files {
            let url = root.appending(path: file.path)
            do {
                try files.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(file.contents).write(to: url)
                if file.isExecutable { try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: url.path) }
            } catch let error as CocoaError {
                throw ValidationError("\(url.path) cannot be written: \(error.shortText)")
            }
        }
        StandardStreams.printLine("\(root.path) created; its README.md describes the next steps")
    }

    private func makeProject() throws -> PluginProject {
        switch language {
        case .python: .python(name)
        case .go: .go(name)
        case .node: .node(name)
        case .typescript: .typescript(name)
        case .bash: .bash(name)
        case .swift: try .swift(name, sdk: sdkPath.map(SwiftSDK.checkout) ?? .repository(sdkURL ?? ""))
        }
    }
}

extension PluginProject.Language: ExpressibleByArgument {}
