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
    var isDryRun: Bool
    private(set) var warnings: [String] = []
    /// Nil if no webhook is asked.
    var admission: Admission?

    /// - Parameter admission: what webhooks have said of the request so far; nil if none is asked.
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

    /// Whether the call only shows what it would do: because the client wants it so, or because webhooks have to be asked
    /// first.
    var storesNothing: Bool { isDryRun || admission?.isComplete == false }

    /// Says a thing to the client beside the answer, once.
    mutating func warn(_ text: String) {
        if !warnings.contains(text) { warnings.append(text) }
    }

    /// Who makes the change: what the request says, or the program that its user agent names.
    var manager: String {
        request.parameter("fieldManager")
            ?? String(request.headers["user-agent"]?.prefix { $0 != "/" } ?? "unknown")
    }
}
