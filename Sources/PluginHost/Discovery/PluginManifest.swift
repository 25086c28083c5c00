import Glibc
import SystemIO
import WireFormats
import YAMLFormat
import Yams

/// `plugins.yaml`: the administrator's settings for single plugins.
///
/// ```yaml
/// plugins:
///   prometheus:
///     defaults: {address: "http://prometheus:9090"}
///     allowedAddresses: ["https://*.metrics.example.com"]
///     allowedNetworks: [10.0.0.0/8]
///     env: {GODEBUG: x509ignoreCN=0}
///     maxInFlight: 16
///     readPaths: [/etc/prometheus-token]
///   queue-depth:
///     argv: [/opt/queue-depth/run, --verbose]
///     mode: oneshot
///     sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
///     limits: {memoryMiB: 512, addressSpaceMiB: 4096, openFiles: 64, processes: 8, temporaryMiB: 16}
/// ```
struct PluginManifest: Sendable {
    struct Entry: Sendable {
        /// The line in the manifest, from 1.
        var line = 0
        /// The executable's absolute path and its arguments; empty to find the plugin in the directories.
        var argv: [String] = []
        var environment: [String: String] = [:]
        var defaults: [String: JSON] = [:]
        /// The allowed addresses; nil if all are allowed.
        var allowedAddresses: [AllowedAddress]?
        /// As text, for the plugin; nil if every network is.
        var allowedNetworks: [String]?
        var maxInFlight: Int?
        var mode = PluginProgram.Mode.serve
        var sha256: String?
        var isConfined = true
        /// Whether the plugin may start processes; nil to decide by its origin.
        var mayHaveChildren: Bool?
        var readPaths: [String] = []
        var limits = PluginLimits()
    }

    var path = ""
    var plugins: [String: Entry] = [:]

    static let none = PluginManifest()
}

extension PluginManifest {
    /// - Parameter defaultsFault: as in ``PluginHostConfiguration/defaultsFault``.
    init(
        contentsOf path: String,
        defaultsFault: (_ defaults: [String: JSON], _ path: String) -> String? = { _, _ in nil }
    ) throws(PluginHostError) {
        guard let file = fopen(path, "re") else {
            throw PluginHostError("\(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: PluginHostLimits.maxManifestBytes + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        guard count <= PluginHostLimits.maxManifestBytes else {
            throw PluginHostError("\(path): longer than \(PluginHostLimits.maxManifestBytes) bytes")
        }
        let text: String
        do {
            text = try TextDecoder.text(bytes.prefix(count))
        } catch {
            throw PluginHostError("\(path): \(error)")
        }
        try self.init(parsing: text, path: path)
        for (name, entry) in plugins.sorted(by: { $0.key < $1.key }) {
            guard let fault = defaultsFault(entry.defaults, "plugins.\(name).defaults") else { continue }
            throw PluginHostError("\(path):\(entry.line): \(Excerpt.shortened(fault))")
        }
    }

    init(parsing text: String, path: String) throws(PluginHostError) {
        let root: Node?
        do {
            root = try YAMLTree.compose(text)
        } catch {
            throw PluginHostError("\(path): \(error)")
        }
        self.path = path
        guard let root else { return }
        do throws(YAMLProblem) {
            try read(YAMLReader(root))
        } catch {
            throw PluginHostError("\(path):\(error.line): \(Excerpt.shortened(error.message))")
        }
    }

    private mutating func read(_ root: YAMLReader) throws(YAMLProblem) {
        for (key, value) in try root.members() {
            guard key == "plugins" else { throw value.unknown(key, known: "plugins") }
            for (name, plugin) in try value.members() { plugins[name] = try Entry(plugin) }
        }
    }
}

extension PluginManifest.Entry {
    fileprivate init(_ reader: YAMLReader) throws(YAMLProblem) {
        line = reader.line
        for (key, value) in try reader.members() {
            switch key {
            case "argv":
                argv = try value.strings()
                guard argv.first?.hasPrefix("/") == true else {
                    throw value.problem("must begin with the absolute path of an executable")
                }
            case "env":
                for (name, text) in try value.members() {
                    guard Self.isVariableName(name) else {
                        throw text.problem(
                            "\"\(name.prefix(64).description.cleaned)\" is not a valid name of an environment variable: use letters, "
                                + "digits, hyphens, dots and underscores, and no digit at the start")
                    }
                    environment[name] = try text.text()
                }
            case "defaults":
                guard case .object(let members) = try value.json() else { throw value.problem("must be a mapping") }
                defaults = members
            case "allowedAddresses": allowedAddresses = try Self.allowedAddresses(value)
            case "allowedNetworks": allowedNetworks = try Self.allowedNetworks(value)
            case "maxInFlight": maxInFlight = try value.int(in: 1...PluginHostLimits.maxInFlight)
            case "mode":
                guard let mode = PluginProgram.Mode(rawValue: try value.text()) else {
                    throw value.problem("must be serve or oneshot")
                }
                self.mode = mode
            case "sha256":
                let digits = try value.text().lowercased()
                guard digits.utf8.count == 64, digits.allSatisfy(\.isHexDigit) else {
                    throw value.problem("must be the 64 hexadecimal digits that sha256sum prints")
                }
                sha256 = digits
            case "confined":
                guard let isConfined = value.bool else { throw value.problem("must be true or false") }
                self.isConfined = isConfined
            case "children":
                guard let mayHaveChildren = value.bool else { throw value.problem("must be true or false") }
                self.mayHaveChildren = mayHaveChildren
            case "readPaths":
                readPaths = try value.strings()
                guard readPaths.allSatisfy({ $0.hasPrefix("/") && $0.contains { $0 != "/" } }) else {
                    throw value.problem("must be absolute paths of files or directories")
                }
            case "limits": limits = try PluginLimits(value)
            default: throw value.unknown(key, known: Self.fields)
            }
        }
    }

    /// Returns whether the text is a valid name of an environment variable, by the rules of Kubernetes for containers.
    private static func isVariableName(_ name: String) -> Bool {
        name.first?.isNumber == false
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }
    }

    private static func allowedAddresses(_ reader: YAMLReader) throws(YAMLProblem) -> [AllowedAddress] {
        let entries = try reader.elements()
        guard entries.count <= PluginHostLimits.maxAllowedAddresses else {
            throw reader.problem("must have at most \(PluginHostLimits.maxAllowedAddresses) entries")
        }
        var allowed: [AllowedAddress] = []
        for entry in entries { allowed.append(try allowedAddress(entry)) }
        return allowed
    }

    private static func allowedNetworks(_ reader: YAMLReader) throws(YAMLProblem) -> [String] {
        let entries = try reader.elements()
        guard entries.count <= PluginHostLimits.maxAllowedNetworks else {
            throw reader.problem("must have at most \(PluginHostLimits.maxAllowedNetworks) entries")
        }
        var networks: [String] = []
        for entry in entries {
            let text = try entry.text()
            guard IPNetwork(text) != nil else {
                throw entry.problem(
                    "\"\(text.prefix(64).description.cleaned)\" is not an IP network such as 10.0.0.0/8 or fd00::/8, nor an IP "
                        + "address")
            }
            networks.append(text)
        }
        return networks
    }

    /// Reads an address, or `{address: ..., credentials: true}`.
    private static func allowedAddress(_ entry: YAMLReader) throws(YAMLProblem) -> AllowedAddress {
        guard entry.isMapping else { return AllowedAddress(pattern: try addressPattern(entry)) }
        var pattern: AddressPattern?
        var takesCredentials = false
        for (key, value) in try entry.members() {
            switch key {
            case "address": pattern = try addressPattern(value)
            case "credentials":
                guard let isTrue = value.bool else { throw value.problem("must be true or false") }
                takesCredentials = isTrue
            default: throw value.unknown(key, known: "address, credentials")
            }
        }
        guard let pattern else { throw entry.problem("must have address") }
        return AllowedAddress(pattern: pattern, takesCredentials: takesCredentials)
    }

    private static func addressPattern(_ reader: YAMLReader) throws(YAMLProblem) -> AddressPattern {
        let text = try reader.text()
        guard let pattern = AddressPattern(text) else {
            throw reader.problem(
                "\"\(text.prefix(64).description.cleaned)\" is none of scheme://host:port, scheme://host, host:port and "
                    + "unix:///path, with *. before a host or :* for a port: no path, user or blanks")
        }
        return pattern
    }

    private static let fields =
        "argv, env, defaults, allowedAddresses, allowedNetworks, maxInFlight, mode, sha256, confined, children, readPaths, limits"
}

extension PluginLimits {
    fileprivate init(_ reader: YAMLReader) throws(YAMLProblem) {
        for (key, value) in try reader.members() {
            switch key {
            case "addressSpaceMiB": addressSpaceMiB = try value.int(in: Self.leastMiB...Self.mostMiB)
            case "memoryMiB": memoryMiB = try value.int(in: Self.leastMiB...Self.mostMiB)
            case "openFiles": openFiles = try value.int(in: Self.leastOpenFiles...Self.mostOpenFiles)
            case "processes": processes = try value.int(in: 1...Self.mostProcesses)
            case "temporaryMiB": temporaryMiB = try value.int(in: Self.leastTemporaryMiB...Self.mostMiB)
            default:
                throw value.unknown(key, known: "addressSpaceMiB, memoryMiB, openFiles, processes, temporaryMiB")
            }
        }
    }
}
