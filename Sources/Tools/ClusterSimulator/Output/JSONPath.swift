import WireFormats

/// The simple JSONPath of printer columns: `.spec.metrics[*].type`, `.status.conditions[?(@.type=="Ready")].status`.
struct JSONPath: Sendable {
    private enum Step: Sendable {
        case member(String)
        case index(Int)
        case all
        case filter(path: [String], value: JSON)
    }

    private let steps: [Step]

    init(_ text: String) {
        var steps: [Step] = []
        var rest = text[...]
        while let character = rest.first {
            if character == "." {
                rest.removeFirst()
            } else if character == "[", let end = Self.closingBracket(rest) {
                if let step = Self.bracket(rest[rest.index(after: rest.startIndex)..<end]) { steps.append(step) }
                rest = rest[rest.index(after: end)...]
            } else {
                var name = ""
                while let next = rest.first, next != ".", next != "[" {
                    rest.removeFirst()
                    // A backslash escapes a dot in a name: `.metadata.annotations.example\.com/x`.
                    if next == "\\", let escaped = rest.popFirst() { name.append(escaped) } else { name.append(next) }
                }
                steps.append(.member(name))
            }
        }
        self.steps = steps
    }

    func values(in object: JSON) -> [JSON] {
        var values = [object]
        for step in steps {
            values = values.flatMap { value -> [JSON] in
                switch step {
                case .member(let name): value[name].map { [$0] } ?? []
                case .index(let index): value[index].map { [$0] } ?? []
                case .all: value.arrayValue ?? value.objectValue.map { Array($0.values) } ?? []
                case .filter(let path, let wanted): value.arrayValue?.filter { $0[at: path] == wanted } ?? []
                }
            }
        }
        return values
    }

    private static func closingBracket(_ text: Substring) -> Substring.Index? {
        var isQuoted = false
        for index in text.indices {
            if text[index] == "\"" || text[index] == "'" { isQuoted.toggle() }
            if text[index] == "]", !isQuoted { return index }
        }
        return nil
    }

    private static func bracket(_ inside: Substring) -> Step? {
        if inside == "*" { return .all }
        if let index = Int(inside) { return .index(index) }
        if inside.hasPrefix("?(@."), inside.hasSuffix(")"), let range = inside.firstRange(of: "==") {
            let path = inside[inside.index(inside.startIndex, offsetBy: 4)..<range.lowerBound].trimmingSpaces()
            let literal = inside[range.upperBound...].dropLast().trimmingSpaces()
            let value = (try? JSON(parsing: literal)) ?? .string(unquoted(literal))
            return .filter(path: path.split(separator: ".").map(String.init), value: value)
        }
        return .member(unquoted(String(inside)))
    }

    private static func unquoted(_ text: String) -> String {
        guard let first = text.first, first == "'" || first == "\"", text.last == first, text.count > 1 else {
            return text
        }
        return String(text.dropFirst().dropLast())
    }
}
