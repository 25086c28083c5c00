import Foundation
import Subprocess
import SystemPackage
import WireFormats

/// AWS's own library, botocore, which signs received requests again.
package enum AWSLibrary {
    /// A request as a server received it, and what was asked for. The key is `AKIDEXAMPLE` with the secret `canary-key`,
    /// the region `eu-west-1`.
    package struct Request: Sendable {
        let received: String
        let url: String
        let service: String
        let headers: [String]
        let hasToken: Bool

        package init(received: String, url: String, service: String, headers: [String] = [], hasToken: Bool) {
            self.received = received
            self.url = url
            self.service = service
            self.headers = headers
            self.hasToken = hasToken
        }

        fileprivate var json: JSON {
            [
                "received": .string(received), "url": .string(url), "service": .string(service),
                "headers": .array(headers.map(JSON.string)), "token": .bool(hasToken),
            ]
        }
    }

    /// Returns `the same` or the difference for each request, and what the library complains about.
    package static func verdicts(on requests: [Request]) async throws -> (verdicts: [String], complaint: String) {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        // Not resolved, because Python finds its packages relative to the link.
        let root = tests.pathComponents.dropFirst().dropLast().map { "/\($0)" }.joined()
        let checked = try await run(
            .path(FilePath("\(root)/.build/python/bin/python")),
            arguments: [tests.appending(path: "Fixtures/verify_aws_signature.py").path],
            input: .string(requests.map { "\($0.json)\n" }.joined()),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        let lines = checked.standardOutput.split(separator: "\n").map(String.init)
        return (lines, checked.standardError)
    }
}
