import Foundation
import WireFormats

/// The token services of AWS and Google, with SQS and Monitoring behind them, simulated in their own process:
/// `token_services.py`.
package enum CloudTokenServices {
    /// A workload identity provider that trusts the token `google`.
    package static let provider =
        "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/shop/providers/cluster"

    /// Runs the services during `body`.
    ///
    /// - Parameter body: receives a client for which the real addresses lead to the services, and tokens of an identity
    ///   provider by name, such as `google` and `expiredGoogle`.
    package static func run(
        _ body: @escaping @Sendable (RedirectingClient, _ tokens: [String: String]) async throws -> Void
    ) async throws {
        let here = URL(filePath: #filePath).deletingLastPathComponent()
        // Not resolved: the link's own place is how Python knows its packages.
        let root = here.pathComponents.dropFirst().dropLast(3).map { "/\($0)" }.joined()
        let script = "\(root)/Tests/Fixtures/token_services.py"
        _ = try await RunningProcess.run("\(root)/.build/python/bin/python", [script]) { process in
            let told = try JSON(parsing: Array(try await process.outputLine { $0.hasPrefix("{") }.utf8))
            let address = told["address"]?.stringValue ?? ""
            let client = RedirectingClient([
                "https://sts.eu-west-1.amazonaws.com/": "\(address)/sts/",
                "https://sqs.eu-west-1.amazonaws.com/": "\(address)/aws/",
                "https://sts.googleapis.com/": "\(address)/google/",
                "https://iamcredentials.googleapis.com/": "\(address)/google/",
                "https://monitoring.googleapis.com/": "\(address)/google/",
            ])
            try await body(client, (told["tokens"]?.objectValue ?? [:]).compactMapValues(\.stringValue))
        }
    }
}
