extension Migration {
    /// The report as text.
    package var text: String {
        var lines: [String] = []
        for object in objects { lines += Self.lines(object) + [""] }
        lines += secretLines
        lines += pluginLines
        lines.append(summary)
        return lines.joined(separator: "\n") + "\n"
    }

    /// The numbers of fields, such as "12 fields: 9 converted, 2 with a difference, 1 not convertible".
    package var summary: String {
        let counts = counts
        let fields = counts.total == 1 ? "1 field" : "\(counts.total) fields"
        return
            "\(fields): \(counts.converted) converted, \(counts.different) with a difference, \(counts.notConvertible) not "
            + "convertible"
    }

    private static func lines(_ object: Object) -> [String] {
        let target = object.fileName.map { " -> \($0)" } ?? ""
        let heading = "\(object.source.label) (\(object.source.place(of: "")))\(target)"
        return [heading] + object.findings.map { "  \($0.sentence)" } + object.notes.map { "  note: \($0)" }
    }

    private var secretLines: [String] {
        guard !secrets.isEmpty else { return [] }
        var lines = ["Secrets:"]
        for task in secrets {
            lines.append("  \(task.sentence)")
            lines += task.commands.map { "    \($0)" }
        }
        return lines + [""]
    }

    private var pluginLines: [String] {
        guard !plugins.isEmpty else { return [] }
        let yaml = plugins.yaml.split(separator: "\n").map { "  \($0)" }
        let note =
            plugins.hasAllowedAddresses
            ? ["  note: allowedAddresses forbids all servers that it does not name: add those of your other scalers"]
            : []
        return ["Additions to plugins.yaml:"] + yaml + note + [""]
    }
}

extension FieldFinding {
    /// The finding as one line.
    package var sentence: String {
        switch outcome {
        case .converted(let place): "converted: \(path)\(Self.arrow(place))"
        case .different(let place, let meaning): "different: \(path)\(Self.arrow(place)): \(meaning)"
        case .notConvertible(let nearest): "not convertible: \(path): nearest: \(nearest)"
        }
    }

    private static func arrow(_ place: String) -> String { place.isEmpty ? "" : " -> \(place)" }
}

extension SecretTask {
    /// The work as one sentence.
    package var sentence: String {
        switch work {
        case .label: "allow GeneralScalers to use Secret \(name)"
        case .copy(let source): "copy Secret \(name) from the namespace \(source)"
        case .create(let keys):
            "create Secret \(name) with "
                + keys.keys.sorted().map { "`\($0)`, \(keys[$0] ?? "")" }.joined(separator: "; ")
        }
    }
}
