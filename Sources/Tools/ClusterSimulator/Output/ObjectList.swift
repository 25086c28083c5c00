import WireFormats

/// A list of objects as JSON text, assembled from the texts of its items.
enum ObjectList {
    static func encoded(_ objects: [ObjectVersion], _ type: ResourceType, metadata: JSON) -> [UInt8] {
        let typeMembers = type.typeMembers
        return list(objects, apiVersion: type.groupVersion, kind: type.listKind, metadata: metadata) { object, text in
            if let served = type.strategy.served {
                text.append(contentsOf: served(object.json).encoded())
            } else if type.isCustom {
                object.append(typed: typeMembers, to: &text)
            } else {
                // Items of built-in lists have no type.
                text.append(contentsOf: object.untyped)
            }
        }
    }

    static func list(
        _ objects: [ObjectVersion], apiVersion: String, kind: String, metadata: JSON,
        item append: (ObjectVersion, inout [UInt8]) -> Void
    ) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(objects.reduce(256) { $0 + $1.untyped.count + 128 })
        text.append(contentsOf: "{\"apiVersion\":\"\(apiVersion)\",\"kind\":\"\(kind)\",\"metadata\":".utf8)
        text.append(contentsOf: metadata.encoded())
        text.append(contentsOf: ",\"items\":[".utf8)
        for (index, object) in objects.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            append(object, &text)
        }
        text.append(contentsOf: "]}".utf8)
        return text
    }
}

/// Objects reduced to their metadata, for metadata-only clients.
enum PartialMetadata {
    static func item(_ object: ObjectVersion) -> [UInt8] {
        json(object).encoded()
    }

    static func list(_ objects: [ObjectVersion], metadata: JSON) -> [UInt8] {
        ObjectList.list(
            objects, apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadataList", metadata: metadata
        ) { object, text in text.append(contentsOf: item(object)) }
    }

    static func json(_ object: ObjectVersion) -> JSON {
        ["apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": object.json.metadata]
    }
}
