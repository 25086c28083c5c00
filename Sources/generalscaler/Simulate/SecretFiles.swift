import ArgumentParser
import CommandSupport
import KubernetesClient
import Operator
import ScalerAPI

/// `NAME/KEY=FILE` on the command line: the file with a value of a Secret, for use without a cluster.
struct SecretFile: ExpressibleByArgument, Sendable {
    let name: String
    let key: String
    let path: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), let slash = argument[..<equals].firstIndex(of: "/") else {
            return nil
        }
        name = String(argument[..<slash])
        key = String(argument[argument.index(after: slash)..<equals])
        path = String(argument[argument.index(after: equals)...])
        guard !name.isEmpty, !key.isEmpty, !path.isEmpty else { return nil }
    }
}

/// Values of Secrets from files, unchanged except for a byte order mark.
struct SecretFiles: SecretSource {
    /// The maximum size, as for a Secret.
    private static let maxBytes = 1 << 20

    private let files: [SecretFile]

    init(_ files: [SecretFile]) {
        self.files = files
    }

    func value(
        of reference: ValueReference, namespace: String, _ freshness: SecretFreshness
    ) async throws(SecretProblem) -> SecretString? {
        guard case .secret(let reference) = reference else {
            throw SecretProblem(
                .noToken,
                "is a token of a ServiceAccount, which only a cluster can issue: use --trace with recorded metrics"
            )
        }
        guard let file = files.last(where: { $0.name == reference.name && $0.key == reference.key }) else {
            if reference.isOptional { return nil }
            throw SecretProblem(
                .notFound,
                "comes from a Secret, and this command reads no Secrets of a cluster: give a file with its value, "
                    + "--secret \(reference.name)/\(reference.key)=FILE")
        }
        do {
            return SecretString(try FileText.read(file.path, maxBytes: Self.maxBytes))
        } catch {
            throw SecretProblem(.unavailable, "\(error)")
        }
    }
}
