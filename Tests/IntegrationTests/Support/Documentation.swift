import Foundation
import WireFormats
import YAMLFormat

/// The pages of this project.
enum Documentation {
    /// Returns the YAML blocks of a page.
    static func yaml(in page: String) throws -> [JSON] {
        let text = try String(contentsOf: TestCluster.file(page), encoding: .utf8)
        return try text.components(separatedBy: "```yaml\n").dropFirst().map { rest in
            try YAMLDocument.parse(rest.components(separatedBy: "```")[0])
        }
    }
}
