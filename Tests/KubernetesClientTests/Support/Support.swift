import FoundationEssentials
import HTTPTransport
import Logging
import TestSupport
import WireFormats

@testable import KubernetesClient

extension ResourceKind {
    static let deployment = ResourceKind(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")
    static let sample = ResourceKind(group: "example.com", version: "v1", kind: "Sample", plural: "samples")
}

extension ObjectKey {
    static let web = ObjectKey(namespace: "shop", name: "web")
}

/// A client, the test's end of its transport, and its clock.
struct Fixture {
    let server = FakeServer()
    let clock: ManualClock
    let client: KubernetesClient

    init(
        clock: ManualClock = ManualClock(),
        credentials: CredentialSource = .none,
        files: FileReader = .system,
        commands: CommandRunner = .subprocess,
        observe: (@Sendable (KubernetesClient.Attempt) -> Void)? = nil
    ) {
        self.clock = clock
        client = KubernetesClient(
            configuration: ClusterConfiguration(server: "https://api.test", credentials: credentials),
            http: server, time: clock.time, random: { 0.5 }, logger: .silent,
            files: files, commands: commands, observe: observe)
    }
}

/// Returns a Status object like the API server's errors.
func status(_ code: Int, _ reason: String, _ message: String = "no") -> JSON {
    [
        "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "reason": .string(reason),
        "message": .string(message), "code": .integer(Int64(code)),
    ]
}

func sample(_ name: String, version: Int, uid: String? = nil, size: JSON = 1) -> JSON {
    [
        "apiVersion": "example.com/v1", "kind": "Sample",
        "metadata": [
            "name": .string(name), "namespace": "shop", "uid": .string(uid ?? "uid-\(name)"),
            "resourceVersion": .string("\(version)"), "generation": 3,
        ],
        "spec": ["size": size],
    ]
}

func samples(version: Int, next token: String = "", _ items: JSON...) -> JSON {
    [
        "apiVersion": "example.com/v1", "kind": "SampleList", "items": .array(items),
        "metadata": ["resourceVersion": .string("\(version)"), "continue": .string(token)],
    ]
}

/// Runs the body with a temporary directory.
func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let directory = FileManager.default.temporaryDirectory.appending(path: "kube-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    return try await body(directory)
}

func write(_ text: String, to path: String, executable: Bool = false) throws {
    guard !executable else { return try ExecutableFile.write(text, to: path) }
    try Data(text.utf8).write(to: URL(filePath: path))
}

/// Files in memory only.
extension FileReader {
    static func memory(_ files: [String: String]) -> FileReader {
        FileReader { path throws(FileReader.Failure) in
            guard let text = files[path] else {
                throw Failure(path: path, message: "No such file or directory", isMissing: true)
            }
            return Array(text.utf8)
        }
    }
}
