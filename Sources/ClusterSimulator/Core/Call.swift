import WireFormats

/// A request to a resource, understood as far as it can be without looking at objects.
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
    let isDryRun: Bool
    var warnings: [String] = []

    init(_ request: APIRequest, _ info: RequestInfo, _ type: ResourceType) throws(StatusError) {
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

    /// Who makes the change: what the request says, or the program that its user agent names.
    var manager: String {
        request.parameter("fieldManager")
            ?? String(request.headers["user-agent"]?.prefix { $0 != "/" } ?? "unknown")
    }
}
