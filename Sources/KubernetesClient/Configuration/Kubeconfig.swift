import WireFormats
import YAMLFormat

/// Kubeconfig files, merged as kubectl merges them: the first file that has a cluster, a user, a context or the current
/// context takes precedence. Accepts and refuses the same files as kubectl, except for repeated fields: kubectl takes
/// the last.
struct Kubeconfig {
    /// A named entry, and the file whose directory its relative paths start from.
    struct Entry {
        let reader: JSONReader
        let file: String

        /// Returns the entry's error in one line that names the file and the field.
        func failure(_ error: JSONPathError) -> ConfigurationError {
            ConfigurationError("kubeconfig \(file): \(error)")
        }

        func failure(_ field: String, _ message: String) -> ConfigurationError {
            failure(JSONPathError(path: "\(reader.path).\(field)", message: message))
        }

        /// Returns the field's text; nil if it is absent or empty.
        func text(_ field: String) throws(ConfigurationError) -> String? {
            do throws(JSONPathError) {
                let text = try reader.optional(field)?.string()
                return text?.isEmpty == true ? nil : text
            } catch {
                throw failure(error)
            }
        }

        func flag(_ field: String) throws(ConfigurationError) -> Bool {
            do throws(JSONPathError) {
                return try reader.optional(field)?.bool() ?? false
            } catch {
                throw failure(error)
            }
        }

        func member(_ field: String) throws(ConfigurationError) -> Entry? {
            do throws(JSONPathError) {
                return try reader.optional(field).map { Entry(reader: $0, file: file) }
            } catch {
                throw failure(error)
            }
        }

        /// Returns the path from the kubeconfig's own directory.
        func resolve(_ path: String) -> String {
            guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
            return "\(file[...slash])\(path)"
        }
    }

    enum Section: String, CaseIterable {
        case clusters, users, contexts

        /// The member that holds the content of an element of the section.
        var member: String { String(rawValue.dropLast()) }
    }

    /// The files that were read, for messages.
    private(set) var files: [String] = []
    private(set) var currentContext: String?
    private var entries: [Section: [String: Entry]] = [:]

    func entry(_ section: Section, _ name: String) -> Entry? { entries[section]?[name] }

    func names(_ section: Section) -> [String] { (entries[section] ?? [:]).keys.sorted() }

    /// - Parameter path: the only file to read; nil to use the environment.
    static func load(
        path: String?, environment: [String: String], files: FileReader
    ) throws(ConfigurationError) -> Kubeconfig {
        var config = Kubeconfig()
        let candidates = candidates(path: path, environment: environment)
        for candidate in candidates {
            let content: [UInt8]
            do throws(FileReader.Failure) {
                content = try files.read(candidate)
            } catch {
                // Like kubectl: a file in a list may be missing.
                guard path == nil, error.isMissing else { throw ConfigurationError("kubeconfig \(error)") }
                continue
            }
            try config.add(content, file: candidate)
        }
        guard !config.files.isEmpty else {
            throw ConfigurationError(
                candidates.isEmpty
                    ? "no kubeconfig: neither KUBECONFIG nor HOME is set; pass --kubeconfig FILE"
                    : "no kubeconfig: there is no \(candidates.joined(separator: ", ")); "
                        + "pass --kubeconfig FILE or set KUBECONFIG")
        }
        return config
    }

    private static func candidates(path: String?, environment: [String: String]) -> [String] {
        if let path { return [path] }
        let list = (environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
        if !list.isEmpty { return list }
        return (environment["HOME"]).flatMap { $0.isEmpty ? nil : ["\($0)/.kube/config"] } ?? []
    }

    private mutating func add(_ content: [UInt8], file: String) throws(ConfigurationError) {
        do {
            // kubectl reads the first document only.
            let document = try YAMLDocument.parseFirst(TextDecoder.text(content))
            files.append(file)
            guard !document.isNull else { return }
            let root = JSONReader(document)
            try KubeconfigShape.file.check(root)
            try Self.check(root, "kind", is: "Config")
            try Self.check(root, "apiVersion", is: "v1")
            if let name = try root.optional("current-context")?.string(), !name.isEmpty, currentContext == nil {
                currentContext = name
            }
            for section in Section.allCases { try add(section, of: root, file) }
        } catch {
            throw ConfigurationError("kubeconfig \(file): \(error)")
        }
    }

    private mutating func add(_ section: Section, of root: JSONReader, _ file: String) throws(JSONPathError) {
        var names: Set<String> = []
        for element in try root.optional(section.rawValue)?.elements() ?? [] {
            let isNull = element.value.isNull
            let name = try isNull ? "" : element.optional("name")?.string() ?? ""
            guard names.insert(name).inserted else {
                throw element.error(
                    "has the name \"\(name)\" of another of the \(section.rawValue); remove one of them")
            }
            guard entries[section]?[name] == nil else { continue }
            let content =
                try isNull ? nil : element.optional(section.member)
            let empty = JSONReader([:], path: "\(element.path).\(section.member)")
            entries[section, default: [:]][name] = Entry(reader: content ?? empty, file: file)
        }
    }

    private static func check(_ root: JSONReader, _ field: String, is expected: String) throws(JSONPathError) {
        guard let reader = try root.optional(field) else { return }
        let text = try reader.string()
        guard text.isEmpty || text == expected else {
            throw reader.error("must be \(expected); is this a kubeconfig?")
        }
    }
}
