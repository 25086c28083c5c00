import WireFormats

/// Objects as rows of a table, as requested by `kubectl get`.
enum Table {
    struct Options {
        /// The part of the object in each row. The default is its metadata.
        var includeObject: String

        init(_ request: APIRequest) {
            includeObject = request.parameter("includeObject") ?? "Metadata"
        }
    }

    static func encoded(
        _ objects: [ObjectVersion], _ type: ResourceType, options: Options, now: Int64, metadata: JSON,
        showsColumns: Bool = true
    ) -> [UInt8] {
        var table = JSONWriter(reserving: 512 + objects.count * 512)
        table.beginObject()
        table.key("kind")
        table.value("Table")
        table.key("apiVersion")
        table.value("meta.k8s.io/v1")
        table.key("metadata")
        var listMetadata = metadata
        // The table of a single object, as in watches, has the object's version.
        if metadata["resourceVersion"] == nil, let only = objects.first {
            listMetadata.set(.string(String(only.revision)), at: "resourceVersion")
        }
        table.value(listMetadata)
        table.key("columnDefinitions")
        table.value(showsColumns ? .array(type.columns.map(\.definition)) : .array([]))
        table.key("rows")
        table.beginArray()
        for object in objects {
            table.beginObject()
            table.key("cells")
            table.value(.array(type.columns.map { $0.cell(object.json, now) }))
            table.key("object")
            switch options.includeObject {
            case "Object": table.encodedValue(type.present(object))
            case "None": table.null()
            default: table.value(PartialMetadata.json(object))
            }
            table.endObject()
        }
        table.endArray()
        table.endObject()
        return table.bytes
    }
}
