package import WireFormats

/// Checks an object's `metadata` by the rules of `kubectl apply` and the API server for all kinds.
///
/// Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
package struct MetadataCheck {
    private static let texts = ["generateName", "namespace", "resourceVersion", "selfLink", "uid"]
    private static let numbers = ["deletionGracePeriodSeconds", "generation"]
    private static let times = ["creationTimestamp", "deletionTimestamp"]
    private static let fields =
        ["annotations", "finalizers", "labels", "managedFields", "name", "ownerReferences"] + texts + numbers + times
    private static let ownerFields = ["apiVersion", "kind", "name", "uid"]
    private static let ownerFlags = ["blockOwnerDeletion", "controller"]

    /// The API server's limit on the keys and values of all annotations.
    private static let maxAnnotationBytes = 256 << 10

    package private(set) var problems: [JSONPathError] = []

    package init(_ metadata: JSONReader) {
        attempt { () throws(JSONPathError) in try metadata.rejectUnknown(Self.fields.sorted()) }
        guard metadata.value.objectValue != nil else { return }
        attempt { () throws(JSONPathError) in try Self.checkName(metadata) }
        attempt { () throws(JSONPathError) in
            if let namespace = try metadata.optional("namespace"), try !namespace.string().isEmpty {
                _ = try namespace.name(.namespace)
            }
        }
        for field in Self.texts where field != "namespace" {
            attempt { () throws(JSONPathError) in _ = try metadata.optional(field)?.string() }
        }
        for field in Self.numbers {
            attempt { () throws(JSONPathError) in _ = try metadata.optional(field)?.int(in: 0...Int.max) }
        }
        for field in Self.times {
            attempt { () throws(JSONPathError) in
                if let time = try metadata.optional(field), RFC3339.microseconds(try time.string()) == nil {
                    throw time.error("must be a time such as 2026-01-02T03:04:05Z")
                }
            }
        }
        checkLabels(metadata)
        checkAnnotations(metadata)
        checkLists(metadata)
    }

    private static func checkName(_ metadata: JSONReader) throws(JSONPathError) {
        if let name = try metadata.optional("name") {
            _ = try name.objectName()
        } else if try metadata.optional("generateName") != nil {
            throw JSONPathError(
                path: "\(metadata.path).name", message: "is required: kubectl apply does not support generateName")
        } else {
            _ = try metadata.required("name")
        }
    }

    private mutating func checkLabels(_ metadata: JSONReader) {
        checkTexts(metadata, "labels") { key, value throws(JSONPathError) in
            guard Self.isQualifiedName(key) else { throw Self.wrongKey(value) }
            if try !value.string().isEmpty { _ = try value.name(.metricName) }
        }
    }

    private mutating func checkAnnotations(_ metadata: JSONReader) {
        var bytes = 0
        checkTexts(metadata, "annotations") { key, value throws(JSONPathError) in
            guard Self.isQualifiedName(key.lowercased()) else { throw Self.wrongKey(value) }
            bytes += key.utf8.count + (try value.string().utf8.count)
        }
        guard bytes > Self.maxAnnotationBytes else { return }
        problems.append(
            JSONPathError(
                path: "\(metadata.path).annotations",
                message: "must have at most \(Self.maxAnnotationBytes) bytes, not \(bytes)"))
    }

    /// Checks each member of a map of strings. A null counts as an empty string.
    private mutating func checkTexts(
        _ metadata: JSONReader, _ field: String, _ check: (String, JSONReader) throws(JSONPathError) -> Void
    ) {
        attempt { () throws(JSONPathError) in
            guard let texts = try metadata.optional(field) else { return }
            for key in try texts.object().keys.sorted() {
                guard let value = try texts.optional(key) else { continue }
                do throws(JSONPathError) {
                    try check(key, value)
                } catch {
                    let isTyped = if case .string = value.value { true } else { false }
                    throw isTyped ? error : value.error("\(error.message): put it in quotes")
                }
            }
        }
    }

    private mutating func checkLists(_ metadata: JSONReader) {
        attempt { () throws(JSONPathError) in
            for finalizer in try metadata.optional("finalizers")?.elements() ?? [] {
                guard Self.isQualifiedName(try finalizer.string()) else { throw Self.wrongKey(finalizer) }
            }
        }
        attempt { () throws(JSONPathError) in
            for entry in try metadata.optional("managedFields")?.elements() ?? [] { _ = try entry.object() }
        }
        attempt { () throws(JSONPathError) in
            for owner in try metadata.optional("ownerReferences")?.elements() ?? [] {
                try owner.rejectUnknown(Self.ownerFields + Self.ownerFlags)
                for field in Self.ownerFields { _ = try owner.required(field).nonEmptyString() }
                for flag in Self.ownerFlags { _ = try owner.optional(flag)?.bool() }
            }
        }
    }

    /// Returns whether the text is a qualified name such as `app` or `example.com/app`.
    private static func isQualifiedName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.last, NameRule.metricName.allows(name) else { return false }
        return parts.count == 1 || (parts.count == 2 && NameRule.object.allows(parts[0]))
    }

    private static func wrongKey(_ place: JSONReader) -> JSONPathError {
        place.error(
            "must be named with \(NameRule.metricName.words), at most 63 of them, after a domain and a slash if any, such "
                + "as app.example.com/name")
    }

    private mutating func attempt(_ check: () throws(JSONPathError) -> Void) {
        do throws(JSONPathError) {
            try check()
        } catch {
            problems.append(error)
        }
    }
}
