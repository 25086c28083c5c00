import Foundation

/// The configs in `examples/plugin-configs`, which users start from.
package enum ExampleConfig {
    /// Returns the text of `examples/plugin-configs/PLUGIN/NAME.json`.
    package static func text(_ plugin: String, _ name: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let file = root.appending(path: "examples/plugin-configs/\(plugin)/\(name).json")
        return try String(contentsOf: file, encoding: .utf8)
    }
}
