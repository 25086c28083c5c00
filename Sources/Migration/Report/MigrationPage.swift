/// The report as one self-contained HTML page.
package struct MigrationPage {
    private let migration: Migration
    /// Pictures of replays, as HTML.
    private let replays: [String]

    package init(_ migration: Migration, replays: [String] = []) {
        self.migration = migration
        self.replays = replays
    }

    private static let style = """
        body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1b1f24}
        table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}td,th{border-bottom:1px solid #d0d7de;padding:.3rem
        .5rem;text-align:left;vertical-align:top}code,pre{font:13px ui-monospace,monospace}pre{background:#f6f8fa;padding:
        .7rem;overflow:auto}.converted{color:#116329}.different{color:#7d4e00}.notConvertible{color:#a40e26}svg{width:100%;
        height:auto;border:1px solid #d0d7de}
        """

    package var html: String {
        var parts = [
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Migration report</title>",
            "<style>\(Self.style)</style><h1>Migration report</h1><p>\(Self.escaped(migration.summary)).</p>",
        ]
        parts += replays
        parts += migration.objects.map(section)
        if !migration.secrets.isEmpty {
            parts.append("<h2>Secrets</h2>")
            for task in migration.secrets {
                let commands = Self.escaped(task.commands.joined(separator: "\n"))
                parts.append("<p>\(Self.escaped(task.sentence))</p><pre>\(commands)</pre>")
            }
        }
        if !migration.plugins.isEmpty {
            parts.append("<h2>Additions to plugins.yaml</h2><pre>\(Self.escaped(migration.plugins.yaml))</pre>")
        }
        return parts.joined(separator: "\n") + "\n</html>\n"
    }

    private func section(_ object: Migration.Object) -> String {
        let rows = object.findings.map(Self.row).joined()
        let notes = object.notes.map { "<li>\(Self.escaped($0))</li>" }.joined()
        let yaml = migration.scalers.first { $0.fileName == object.fileName }?.yaml
        return "<h2>\(Self.escaped(object.source.label))</h2><p>\(Self.escaped(object.source.place(of: "")))</p>"
            + "<table><tr><th>Field<th>Outcome<th>Result<th>Meaning, or nearest way</tr>\(rows)</table>"
            + (notes.isEmpty ? "" : "<ul>\(notes)</ul>") + (yaml.map { "<pre>\(Self.escaped($0))</pre>" } ?? "")
    }

    private static func row(_ finding: FieldFinding) -> String {
        let (label, place, meaning) =
            switch finding.outcome {
            case .converted(let place): ("converted", place, "")
            case .different(let place, let meaning): ("different", place, meaning)
            case .notConvertible(let nearest): ("not convertible", "", nearest)
            }
        return "<tr><td><code>\(escaped(finding.path))</code><td class=\"\(finding.outcome.name)\">\(label)"
            + "<td><code>\(escaped(place))</code><td>\(escaped(meaning))</tr>"
    }

    /// Text in which nothing is markup.
    package static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }
}
