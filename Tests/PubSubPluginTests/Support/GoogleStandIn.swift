import Foundation
import HTTPTransport
import Subprocess
import SystemPackage
import WireFormats

/// `google_stand_in.py` as a process: Monitoring, the token endpoints and the metadata server on one port.
struct GoogleStandIn: Sendable {
    let port: Int

    var address: String { "http://127.0.0.1:\(port)" }

    struct StartError: Error {
        let output: String
    }

    /// - Parameter scene: members of the script's scene.
    static func run<Value: Sendable>(
        _ scene: [String: JSON], _ body: (GoogleStandIn) async throws -> Value
    ) async throws -> Value {
        let account = try ServiceAccount.shared.get()
        let whole = scene.merging(
            [
                "certificate": .string(account.certificate), "keyID": .string(ServiceAccount.keyID),
                "email": .string(ServiceAccount.email),
            ], uniquingKeysWith: { mine, _ in mine })
        let here = URL(filePath: #filePath).deletingLastPathComponent()
        // Not resolved, because Python finds its packages relative to the link.
        let root = here.pathComponents.dropFirst().dropLast(3).map { "/\($0)" }.joined()
        let python = "\(root)/.build/python/bin/python"
        var platform = PlatformOptions()
        platform.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(5))]
        let outcome = try await Subprocess.run(
            .path(.init(python)), arguments: [here.appending(path: "google_stand_in.py").path],
            platformOptions: platform, input: .string("\(JSON.object(whole))\n"), output: .sequence,
            error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
        ) { execution -> Result<Value, any Error> in
            var output = execution.standardOutput.makeAsyncIterator()
            let result: Result<Value, any Error>
            do {
                var text = ""
                while !text.contains("\n"), let chunk = try await output.next() {
                    text += chunk.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
                }
                guard let port = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                    throw StartError(output: text)
                }
                result = .success(try await body(GoogleStandIn(port: port)))
            } catch {
                result = .failure(error)
            }
            try? execution.send(signal: .terminate)
            while try await output.next() != nil {}
            return result
        }
        return try outcome.takeClosureResult().get()
    }

    /// Returns the requests so far, in order.
    func requests() async throws -> [JSON] {
        let client = CurlHTTPClient()
        let response = try await client.send(HTTPRequest(url: "\(address)/requests", timeout: .seconds(10)))
        return try JSON(parsing: response.body).arrayValue ?? []
    }

    func kinds() async throws -> [String] {
        try await requests().compactMap { $0["kind"]?.stringValue }
    }
}

/// A service account with a key made by the `openssl` tool once per test run.
struct ServiceAccount: Sendable {
    static let email = "scaler@shop.iam.gserviceaccount.com"
    static let keyID = "key-1"
    static let shared = Result { try ServiceAccount() }

    /// The key in PEM.
    let key: String
    let certificate: String
    /// A key that is unknown to Google.
    let otherKey: String

    private init() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "account-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        func make(_ name: String) throws -> (key: String, certificate: String) {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.currentDirectoryURL = directory
            process.standardError = FileHandle.nullDevice
            process.arguments = [
                "openssl", "req", "-x509", "-nodes", "-days", "1", "-newkey", "rsa:2048", "-subj", "/CN=\(name)",
                "-keyout", "\(name).key", "-out", "\(name).pem",
            ]
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
            return (
                try String(contentsOf: directory.appending(path: "\(name).key"), encoding: .utf8),
                try String(contentsOf: directory.appending(path: "\(name).pem"), encoding: .utf8)
            )
        }
        (key, certificate) = try make("account")
        otherKey = try make("other").key
    }

    /// Returns the JSON key file in Google's format.
    func json(key: String? = nil, tokenURI: String? = nil) -> String {
        var members: [String: JSON] = [
            "type": "service_account", "client_email": .string(Self.email), "private_key_id": .string(Self.keyID),
            "private_key": .string(key ?? self.key),
        ]
        if let tokenURI { members["token_uri"] = .string(tokenURI) }
        return "\(JSON.object(members))"
    }
}
