/// What a program's `--version` prints.
package enum VersionText {
    /// Returns a line such as `generalscaler 1.2.0 (commit 0f3c…, Swift 6.3.1)`.
    package static func line(_ program: String, _ version: String, commit: String, swift: String) -> String {
        "\(program) \(version) (commit \(commit), Swift \(swift))"
    }
}
