import WireFormats
import YAMLFormat

/// A GeneralScaler as YAML, with the comments of the fields that its own were made from.
struct CommentedYAML {
    let text: String

    init(json: JSON, findings: [FieldFinding], comments: SourceComments?, source: SourceObject) {
        let yaml = YAMLText.text(json)
        let heading = "# Converted from \(source.label) by generalscaler migrate. Remove mode: DryRun to activate it.\n"
        guard let comments, let document = (try? YAMLFile(parsing: yaml))?.documents.first else {
            text = heading + yaml
            return
        }
        var above: [Int: [String]] = [:]
        var written: Set<Int> = []
        for finding in findings {
            guard let place = Self.place(finding.outcome), let from = finding.line, written.insert(from).inserted else {
                continue
            }
            let found = comments.above(from)
            if !found.isEmpty { above[document.line(of: place), default: []] += found }
        }
        guard !above.isEmpty else {
            text = heading + yaml
            return
        }
        var lines: [String] = []
        for (index, line) in yaml.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let indent = line.prefix { $0 == " " }
            for comment in above[index + 1] ?? [] { lines.append(indent + comment) }
            lines.append(String(line))
        }
        text = heading + lines.joined(separator: "\n")
    }

    /// The path in the result; nil if there is none.
    private static func place(_ outcome: FieldOutcome) -> String? {
        switch outcome {
        case .converted(let place) where place.hasPrefix("spec.") || place.hasPrefix("metadata"): place
        case .different(let place, _) where place.hasPrefix("spec.") || place.hasPrefix("metadata"): place
        default: nil
        }
    }
}
