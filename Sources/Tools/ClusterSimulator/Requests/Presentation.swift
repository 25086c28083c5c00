/// The representation that a client requests in its `Accept` header.
enum Presentation: Hashable {
    case whole
    case table
    case partialMetadata

    /// Returns the first media range of the header that the server supports.
    ///
    /// - Returns: nil if there is none, which is answered with 406. JSON is also valid YAML, so YAML is always
    ///   possible.
    static func negotiate(accept: String?, isCollection: Bool) -> (presentation: Presentation, mediaType: String)? {
        guard let accept, !accept.isEmpty else { return (.whole, "application/json") }
        for range in accept.split(separator: ",") {
            var parts = range.split(separator: ";").map { $0.trimmingSpaces() }[...]
            let mediaType = parts.popFirst() ?? ""
            guard ["application/json", "application/yaml", "application/*", "*/*"].contains(mediaType) else { continue }
            let written = mediaType == "application/yaml" ? mediaType : "application/json"
            var parameters: [String: String] = [:]
            for part in parts {
                let sides = part.split(separator: "=", maxSplits: 1)
                parameters[String(sides[0])] = sides.count > 1 ? String(sides[1]) : ""
            }
            guard let form = parameters["as"] else { return (.whole, written) }
            guard parameters["g"] == "meta.k8s.io", parameters["v"] == "v1" else { continue }
            switch form {
            case "Table": return (.table, written)
            case "PartialObjectMetadataList" where isCollection, "PartialObjectMetadata" where !isCollection:
                return (.partialMetadata, written)
            default: continue
            }
        }
        return nil
    }
}

extension Substring {
    func trimmingSpaces() -> String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
