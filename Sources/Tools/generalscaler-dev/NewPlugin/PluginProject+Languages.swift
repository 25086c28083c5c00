import SDKFiles

extension PluginProject {
    private static let installsFolder =
        "Install it by copying this folder to where the operator runs: `generalscaler run --plugin-dir FOLDER` finds "
        + "`__PROGRAM__` in it."
    private static let installsProgram =
        "Install it by copying `__PROGRAM__` into a directory that `generalscaler run --plugin-dir` names."

    static func python(_ type: String) -> PluginProject {
        let name = name(of: type)
        let readme = Readme(
            sdk: "The SDK is the package in `generalscaler_plugin`, a copy: replace the folder to update it.",
            program: "./\(name)", install: installsFolder)
        return PluginProject(
            type, readme: readme, ignored: "__pycache__/",
            [file(name, PackageResources.python_template, type, isExecutable: true)]
                + copy(of: SDKFile.python, in: "generalscaler_plugin"))
    }

    static func go(_ type: String) -> PluginProject {
        let name = name(of: type)
        let readme = Readme(
            sdk: "`go.mod` replaces the SDK's module by the copy in `sdk`, so that building needs no network.",
            program: "./\(name)", build: "go build -o \(name) .", install: installsProgram)
        return PluginProject(
            type, readme: readme, ignored: "/\(name)",
            [
                file("main.go", PackageResources.go_template, type),
                file("go.mod", PackageResources.go_mod_template, type),
            ] + copy(of: SDKFile.go, in: "sdk"))
    }

    static func node(_ type: String) -> PluginProject {
        let name = name(of: type)
        let readme = Readme(
            sdk: """
                The SDK is the package in `sdk`, a copy: replace the folder to update it. `\(name)` only loads \
                `plugin.mjs`, because a program without a file extension cannot be a module.
                """,
            program: "./\(name)", install: installsFolder)
        return PluginProject(
            type, readme: readme, ignored: "node_modules/",
            [
                file(name, PackageResources.node_program_template, type, isExecutable: true),
                file("plugin.mjs", PackageResources.node_template, type),
                file("package.json", PackageResources.node_package_template, type),
            ] + copy(of: SDKFile.node, in: "sdk"))
    }

    static func typescript(_ type: String) -> PluginProject {
        let name = name(of: type)
        let readme = Readme(
            sdk: """
                The SDK is the package in `sdk`, a copy: replace the folder to update it. The build compiles `plugin.mts` to \
                `plugin.mjs`, which `\(name)` loads.
                """,
            program: "./\(name)", build: "npm install\nnpm run build",
            install: "\(installsFolder) It needs `plugin.mjs` and `sdk`, and not `node_modules`.")
        return PluginProject(
            type, readme: readme, ignored: "node_modules/\n/plugin.mjs",
            [
                file(name, PackageResources.node_program_template, type, isExecutable: true),
                // The template is TypeScript as it is: the types follow from the fields.
                file("plugin.mts", PackageResources.node_template, type),
                file("package.json", PackageResources.typescript_package_template, type),
                file("tsconfig.json", PackageResources.typescript_tsconfig_template, type),
            ] + copy(of: SDKFile.node, in: "sdk"))
    }

    static func bash(_ type: String) -> PluginProject {
        let name = name(of: type)
        let readme = Readme(
            sdk: "It needs `jq`. `protocol.bash` implements the plugin protocol.", program: "./\(name)",
            install: installsFolder)
        return PluginProject(
            type, readme: readme, ignored: "",
            [
                file(name, PackageResources.bash_template, type, isExecutable: true),
                file("protocol.bash", PackageResources.bash_protocol_template, type),
            ])
    }

    static func swift(_ type: String, sdk: SwiftSDK) throws -> PluginProject {
        let name = name(of: type)
        let typeName = type.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        let source = fill(PackageResources.plugin_swift_template, type).replacing("__NAME__", with: typeName)
        let package = fill(PackageResources.package_swift_template, type)
            .replacing("__DEPENDENCY__", with: sdk.dependency).replacing("__PACKAGE__", with: sdk.package)
        let readme = Readme(
            sdk: sdk.note, program: ".build/debug/\(name)", build: "swift build", install: installsProgram)
        return PluginProject(
            type, readme: readme, ignored: ".build/",
            [
                File(path: "Package.swift", contents: Array(package.utf8)),
                File(path: "Sources/\(name)/\(typeName)Plugin.swift", contents: Array(source.utf8)),
            ] + (try sdk.files()))
    }
}
