import FoundationEssentials
import WireFormats
import YAMLFormat

@testable import Migration

/// The files of the corpus.
enum Corpus {
    /// Objects that the report names as a whole.
    static let wholes = ["status", "metadata.managedFields", "metadata.ownerReferences", "metadata.finalizers"]

    /// Parameters of credentials that the types share, of services that no test covers, and of old versions.
    static let rare: Set<String> = [
        "metricName", "awsRoleArn", "keyPassword", "cortexOrgID", "credentials", "scope", "keytab", "realm",
        "kerberosConfig", "kerberosServiceName", "kerberosDisableFAST", "disableFastNegotiation",
        "oauthTokenEndpointUri",
        "scopes", "oauthExtensions", "saslTokenType", "useClusterAgentProxy", "datadogMetricName",
        "datadogMetricNamespace",
        "hpaMetricName", "datadogNamespace", "datadogMetricsService", "datadogMetricsServicePort", "token", "authMode",
        "cloudID", "GoogleApplicationCredentials", "brokerList", "workloadIdentityResource", "topicName", "valueIfNull",
        "filterDelta",
        "credentialsFromEnvFile",
        "connection", "awsAccessKeyId", "bearerToken", "authModes", "identityOwner", "awsSessionToken",
    ]

    static func folder(_ name: String) -> [String] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus/\(name)").path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return names.sorted().map { "\(root)/\($0)" }
    }

    static func migrated(_ folder: String) -> Migration {
        var objects: [SourceObject] = []
        var comments: [String: SourceComments] = [:]
        for path in Self.folder(folder) {
            guard let data = try? Data(contentsOf: URL(filePath: path)) else { continue }
            let text = String(decoding: data, as: UTF8.self)
            let name = path.split(separator: "/").last.map { String($0) } ?? path
            comments[name] = SourceComments(text)
            guard let file = try? YAMLFile(parsing: text) else { continue }
            objects += file.documents.map { SourceObject($0, origin: name) }
        }
        var migrator = Migrator(objects, comments: comments)
        return migrator.migrate()
    }

    static func migrated(text: String) throws -> Migration {
        let objects = try YAMLFile(parsing: text).documents.map { SourceObject($0, origin: "test.yaml") }
        var migrator = Migrator(objects, comments: ["test.yaml": SourceComments(text)])
        return migrator.migrate()
    }

    static func parsed(_ yaml: String) throws -> JSON { try YAMLDocument.parse(yaml) }

    /// The paths of all values, found by another way than the module's.
    static func leaves(_ json: JSON, _ path: String = "") -> [String] {
        if let members = json.objectValue, !members.isEmpty {
            return members.flatMap { leaves($1, path.isEmpty ? $0 : "\(path).\($0)") }
        }
        if let elements = json.arrayValue, !elements.isEmpty {
            return elements.indices.flatMap { leaves(elements[$0], "\(path)[\($0)]") }
        }
        return [path]
    }

    static let parameters = TriggerCatalog.rules.map { rules in
        (types: rules.types, names: Set(rules.fields.flatMap(\.names)))
    }

    /// The parameters that a trigger's authentication defines.
    static func parameters(of trigger: JSON, in objects: [SourceObject]) -> Set<String> {
        let name = trigger["authenticationRef"]?["name"]?.stringValue
        guard
            let spec = objects.first(where: { $0.kind.hasSuffix("TriggerAuthentication") && $0.name == name })?.json[
                "spec"]
        else { return [] }
        let lists = ["secretTargetRef", "env", "configMapTargetRef", "boundServiceAccountToken"]
            .flatMap { spec[$0]?.arrayValue ?? [] }
        let vault = spec["hashiCorpVault"]?["secrets"]?.arrayValue ?? []
        return Set((lists + vault).compactMap { $0["parameter"]?.stringValue })
    }
}
