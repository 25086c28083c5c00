import ArgumentParser
import CommandSupport
import FoundationEssentials

/// The source of the SDK of a plugin in Swift.
enum SwiftSDK {
    /// A checkout of this package. The project gets a copy of the modules of PluginSDK.
    case checkout(String)
    /// The URL of its repository.
    case repository(String)

    /// The first release with the SDK that the template uses.
    private static let version = "0.1.0"
    /// PluginSDK and what it imports of this package.
    private static let modules = ["CLinux", "WireFormats", "PluginProtocol", "PluginSDK"]
    private static let folder = "sdk"

    /// The arguments of the package's dependency.
    var dependency: String {
        switch self {
        case .checkout: "name: \"generalscaler\", path: \"\(Self.folder)\""
        case .repository(let url): "url: \"\(Self.escaped(url))\", from: \"\(Self.version)\""
        }
    }

    /// The name by which products of the package are asked for.
    var package: String {
        switch self {
        case .checkout: return "generalscaler"
        case .repository(let url):
            let last = url.split(separator: "/").last.map(String.init) ?? url
            return Self.escaped(last.hasSuffix(".git") ? String(last.dropLast(4)) : last)
        }
    }

    /// What the README says of it.
    var note: String {
        switch self {
        case .checkout: "The SDK is the package in `\(Self.folder)`, a copy. It needs swift-log from GitHub."
        case .repository: "Its SDK is the product PluginSDK of GeneralScaler's package."
        }
    }

    /// The copy of the SDK.
    func files() throws -> [PluginProject.File] {
        guard case .checkout(let path) = self else { return [] }
        let manifest = PluginProject.File(
            path: "\(Self.folder)/Package.swift", contents: PackageResources.sdk_package_swift_template)
        let sources = URL(filePath: path).appending(path: "Sources")
        return try [manifest] + Self.modules.flatMap { try Self.files(of: $0, in: sources) }
    }

    private static func files(of module: String, in sources: URL) throws -> [PluginProject.File] {
        let root = sources.appending(path: module).path
        do {
            // A page of documentation is no source.
            let paths = try FileManager.default.subpathsOfDirectory(atPath: root)
                .filter { !$0.contains(".docc") && !$0.hasSuffix(".md") }
            return try paths.sorted().compactMap { path in
                let url = URL(filePath: root).appending(path: path)
                guard
                    try FileManager.default.attributesOfItem(atPath: url.path)[.type] as? FileAttributeType
                        == .typeRegular
                else { return nil }
                return PluginProject.File(
                    path: "\(folder)/Sources/\(module)/\(path)", contents: Array(try Data(contentsOf: url)))
            }
        } catch let error as CocoaError {
            throw ValidationError(
                "--sdk-path: \(root) cannot be read: \(error.shortText); name a checkout of GeneralScaler")
        }
    }

    /// As the text of a Swift string.
    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}
