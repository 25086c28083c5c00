import WireFormats

/// One page of a list.
package struct ListPage<Item> {
    package let items: [Item]
    /// Of the list as a whole: where a watch goes on from.
    package let resourceVersion: String
    /// Asks for the next page; nil on the last.
    package let continueToken: String?
}

extension ListPage: Sendable where Item: Sendable {}

extension ListPage {
    /// Reads a list answer without ever holding more than one object's ``JSON``.
    init(parsing body: [UInt8], item: (JSON) -> Item) throws {
        var items: [Item] = []
        var metadata = JSON.null
        var slicer = JSONSlicer(body)
        try slicer.eachMember { name, slicer in
            if name.elementsEqual("items".utf8) {
                try slicer.eachElement { items.append(item(try JSON(parsing: $0))) }
            } else if name.elementsEqual("metadata".utf8) {
                metadata = try JSON(parsing: slicer.value())
            } else {
                _ = try slicer.value()
            }
        }
        let reader = JSONReader(metadata, path: "metadata")
        self.items = items
        resourceVersion = try reader.required("resourceVersion").nonEmptyString()
        continueToken = try reader.optional("continue").map { try $0.string() }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
