import PluginSDK
import SourceSupport

/// Counts objects of the scaler's namespace.
struct ObjectsPlugin: KubernetesPlugin {
    struct Config: KubernetesConfig {
        @Field("API group and version of the objects, such as `batch/v1`.")
        var apiVersion = "v1"

        @Field("Resource of the objects, such as `pods` or `jobs`, as `kubectl api-resources` lists it.")
        var resource: String

        @Field("Label selector of the objects, such as `queue=orders`. Default: all.")
        var selector: String?

        @Field(
            "Conditions on fields, such as `status.phase=Pending` or `status.conditions[Complete]!=True`, with commas between "
                + "them. An absent field is empty. Default: none.")
        var fields: String?

        let server = APIServerFields()

        func validate() -> [ConfigProblem] {
            .of("apiVersion", apiVersionFault) + .of("resource", resourceFault)
                + .of("selector", LabelSelector.fault(of: selector)) + .of("fields", fieldsFault)
        }

        private var apiVersionFault: String? {
            let parts = apiVersion.split(separator: "/", omittingEmptySubsequences: false)
            let isValid = parts.count <= 2 && parts.allSatisfy(Self.isName)
            return isValid ? nil : "must be a version of the core group, such as v1, or group/version, such as batch/v1"
        }

        private var resourceFault: String? {
            Self.isName(resource[...]) && !resource.contains(".")
                ? nil : "must be the plural name in lower case alone, such as jobs; the API group is in apiVersion"
        }

        private var fieldsFault: String? {
            guard let fields else { return nil }
            do throws(ConfigFault) {
                _ = try FieldSelector(parsing: fields)
                return nil
            } catch {
                return error.message
            }
        }

        private static func isName(_ text: Substring) -> Bool {
            !text.isEmpty && text.utf8.count <= PathPart.maxBytes && text != "." && text != ".."
                && text.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isWholeNumber || $0 == "-" || $0 == ".") }
        }

        fileprivate func path(in namespace: String) -> String {
            let root = apiVersion.contains("/") ? "/apis" : "/api"
            return "\(root)/\(apiVersion)/namespaces/\(Encoding.percentEncoded(namespace))/\(resource)"
        }
    }

    static let metricType = "kubernetes-objects"
    static let description = "The number of objects in the scaler's namespace, by labels and fields."
    static let defaultTargetType = TargetType.averageValue

    private let lists: NamespaceLists

    init(_ lists: NamespaceLists) {
        self.lists = lists
    }

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        let config = request.config
        let (labels, fields) = try Self.selectors(config)
        let list = try await lists.objects(
            at: config.path(in: try config.scalerNamespace()), Self.subject(config), fields: fields.paths,
            try lists.endpoint(config), deadline: request.deadline)
        let count = list.objects.count { labels.matches($0.labels) && fields.matches($0.fields) }
        return MetricReading(value: Double(count), observedAtMicroseconds: list.readAtMicroseconds)
    }

    private static func selectors(_ config: Config) throws(PluginError) -> (LabelSelector, FieldSelector) {
        do throws(ConfigFault) {
            let labels = try config.selector.map { text throws(ConfigFault) in try LabelSelector(parsing: text) }
            let fields = try config.fields.map { text throws(ConfigFault) in try FieldSelector(parsing: text) }
            return (labels ?? .everything, fields ?? .everything)
        } catch {
            throw PluginError(.configInvalid, "the selector \(error.message)")
        }
    }

    private static func subject(_ config: Config) -> APISubject {
        APISubject(
            what: config.resource,
            whenForbidden:
                "Ask the administrator to add the resource to kubernetesPlugin.objects in the chart's values, or to grant the "
                + "plugin's account list on it",
            whenNotFound:
                "Check apiVersion and resource: `kubectl api-resources` lists them, for resources with a namespace",
            path: "resource")
    }
}
