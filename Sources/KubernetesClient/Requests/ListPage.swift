import WireFormats

/// A page of a list.
package struct ListPage<Item> {
    package let items: [Item]
    /// Of the whole list: a watch continues from it.
    package let resourceVersion: String
    /// Asks for the next page; nil on the last.
    package let continueToken: String?
}

extension ListPage: Sendable where Item: Sendable {}

extension ListPage {
    init(items: [Item], metadata: JSON) throws {
        let reader = JSONReader(metadata, path: "metadata")
        self.items = items
        resourceVersion = try reader.required("resourceVersion").nonEmptyString()
        continueToken = try reader.optional("continue").map { try $0.string() }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
