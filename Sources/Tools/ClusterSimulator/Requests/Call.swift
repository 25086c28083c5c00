import WireFormats

/// A request to a resource, parsed as far as possible without objects.
struct Call {
    enum FieldValidation: String {
        case ignore = "Ignore"
        case warn = "Warn"
        case strict = "Strict"
    }

    let request: APIRequest
    let info: RequestInfo
    let type: ResourceType
    let presentation: Presentation
    let mediaType: String
    let fieldValidation: FieldValidation
    var isDryRun: Bool
    private(set) var warnings: [String] = []
    /// The admission state; nil if no webhook is called.
    var admission: Admission?

    /// - Parameter admission: the answers of webhooks so far; nil if none is called.
    init(
        _ request: APIRequest, _ info: RequestInfo, _ type: ResourceType, _ admission: Admission? = nil
    ) throws(StatusError) {
        self.admission = admission
        self.request = request
        self.info = info
        self.type = type
        let isCollection = info.verb == "list" || info.verb == "deletecollection"
        guard let form = Presentation.negotiate(accept: request.headers["accept"], isCollection: isCollection) else {
            throw .notAcceptable()
        }
        (presentation, mediaType) = form
        let validation = request.parameter("fieldValidation") ?? FieldValidation.warn.rawValue
        guard let fieldValidation = FieldValidation(rawValue: validation) else {
            throw .invalid(
                ErrorSubject(name: "", group: "meta.k8s.io", kind: "CreateOptions"),
                [.notSupported("fieldValidation", .string(validation), supported: ["Ignore", "Strict", "Warn"])])
        }
        self.fieldValidation = fieldValidation
        switch request.parameter("dryRun") {
        case nil: isDryRun = false
        case "All": isDryRun = true
        case let other?:
            throw .invalid(
                ErrorSubject(name: "", group: "meta.k8s.io", kind: "CreateOptions"),
                [.notSupported("dryRun", .string(other), supported: ["All"])])
        }
    }

    var key: ObjectKey {
        ObjectKey(namespace: type.isNamespaced ? info.namespace : "", name: info.name ?? "")
    }

    /// Whether the call stores nothing, because it is a dry run or webhooks have to be called first.
    var storesNothing: Bool { isDryRun || admission?.isComplete == false }

    /// Adds a warning to the response, without duplicates.
    mutating func warn(_ text: String) {
        if !warnings.contains(text) { warnings.append(text) }
    }

    /// The field manager: from the request, or the program in its user agent.
    var manager: String {
        request.parameter("fieldManager")
            ?? String(request.headers["user-agent"]?.prefix { $0 != "/" } ?? "unknown")
    }
}
